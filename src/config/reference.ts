/** Writes the reference of all settings from the table; `docs/operations/configuration.md` is its output. */
import { SETTINGS, SETTING_KEYS, type SettingKey, variableOf } from './schema.ts';

const INTRODUCTION = `<!-- Written by scripts/generate-docs.ts from src/config/schema.ts; edit those. -->

# Configuration

Homing serves with nothing configured. What you set is honoured or refused with the reason: an unknown key, an unknown
\`HOMING_*\` variable and a value out of range are errors, and all of them are reported at once.

## Where settings come from

Later layers win:

1. the defaults below;
2. the base file: \`homing.yaml\` in the working directory if it is there, or the file of \`--config FILE\` or
   \`HOMING_CONFIG\`, which must be there;
3. the environment's file, if \`HOMING_ENV\` names one: with \`HOMING_ENV=production\` it is \`homing.production.yaml\`
   beside the base file, and it must be there;
4. environment variables: each setting has one, and each of those a twin ending in \`_FILE\` that names a file which
   holds the value (for secrets; one newline at its end is ignored). Lists are separated by commas or blanks;
5. flags of the command line: \`--data\`, \`--http\`, \`--dns\`, \`--log-level\`, \`--pretty\`.

\`homing check-config\` prints the effective configuration, secrets masked, and where each value came from. \`homing
serve\` logs it at its start.

Relative paths are relative to the working directory.

## Changes while the server runs

The files are looked at every second, and at once on \`SIGHUP\`. Settings marked *live* are taken up without a restart;
of the others the log says that they take effect at the next start. A configuration with any error in it is refused as
a whole: the old one stays in force and the log has one line with every problem.

## Example

\`\`\`yaml
data: /var/lib/homing
http:
  listen: ['127.0.0.1:8080', '[::1]:8080']
  trustedProxies: [127.0.0.1, '::1']
dns:
  listen: ['192.0.2.53:53', '[2001:db8::53]:53']
log:
  level: info
\`\`\`

## Settings
`;

/** The whole document. */
export function formatConfigReference(): string {
  return `${INTRODUCTION}\n${SETTING_KEYS.map(section).join('\n')}`;
}

function section(key: SettingKey): string {
  const setting = SETTINGS[key];
  const facts = [
    `- Type: ${setting.type}${setting.range === '' ? '' : ` (${setting.range})`}`,
    `- Default: ${setting.default === null ? 'none' : `\`${JSON.stringify(setting.default)}\``}`,
    `- Variable: \`${variableOf(key)}\`, or \`${variableOf(key)}_FILE\``,
    `- Changes: ${setting.reloadable ? 'live' : 'at the next start'}`,
    ...(setting.secret ? ['- Secret: never shown or logged'] : []),
  ];
  return `### ${key}\n\n${setting.doc}\n\n${facts.join('\n')}\n`;
}
