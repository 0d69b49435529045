/**
 * The PowerShell files as text and as a tree: nothing newer than Windows PowerShell 5.1, no alias, approved verbs, help for
 * every exported function, no cmdlet of another module in the core, no type that the .NET Framework 4.6.2 lacks.
 * What needs no engine is asked of the text, so that it is held on every machine.
 */
import assert from 'node:assert/strict';
import { readFileSync, readdirSync } from 'node:fs';
import { join } from 'node:path';
import { after, test } from 'node:test';
import { MODULE, buildHost, quote, startEngine } from './engine.ts';

const WINDOWS = join(MODULE, '..');
const files = readdirSync(WINDOWS, { recursive: true, encoding: 'utf8' })
  .filter((name) => /\.(ps1|psm1|psd1)$/.test(name))
  .map((name) => join(WINDOWS, name));

test('files are ASCII, so that 5.1 reads them right without a byte order mark; the batch file has CRLF', () => {
  assert.ok(files.length > 30);
  for (const file of files) assert.match(readFileSync(file, 'latin1'), /^[\t\n\x20-\x7e]*$/, file);
  assert.ok(
    readFileSync(join(WINDOWS, 'Install-Homing.bat'), 'latin1')
      .split('\n')
      .slice(0, -1)
      .every((line) => line.endsWith('\r')),
  );
});

test('files are at most 400 lines long', () => {
  for (const file of files) assert.ok(readFileSync(file, 'utf8').split('\n').length <= 400, file);
});

test('every file opens with what it is for, and none says that anything is left for later', () => {
  for (const file of files) {
    const text = readFileSync(file, 'utf8');
    if (!file.endsWith('psd1'))
      assert.match(text, /^(#[^!]|<#|function [A-Z][a-z]+-Homing\w+ \{\n {2}<#)/, file);
    assert.ok(!new RegExp(['TO' + 'DO', 'FIX' + 'ME', 'HA' + 'CK'].join('|')).test(text), file);
  }
});

test('the installer has the one line that a server fills in', () => {
  const text = readFileSync(join(WINDOWS, 'install.ps1'), 'utf8');
  assert.equal([...text.matchAll(/^ *\$HomingServer = '' # homing:server$/gm)].length, 1);
});

test('the version of the module is that of the package', () => {
  const { version } = JSON.parse(readFileSync(join(WINDOWS, '..', '..', 'package.json'), 'utf8')) as {
    version: string;
  };
  assert.ok(readFileSync(join(MODULE, 'Homing.psd1'), 'utf8').includes(`'${version}'`));
  assert.ok(readFileSync(join(MODULE, 'Homing.psm1'), 'utf8').includes(`'${version}'`));
});

const host = await buildHost();
const skip = 'skip' in host ? host.skip : false;
const engine = 'path' in host ? await startEngine(host.path) : undefined;
after(() => engine?.close());

interface Finding {
  readonly file: string;
  readonly line: number;
  readonly what: string;
}

/** Each file's tree, walked in the engine: what a rule finds as FILE, LINE and words. */
async function findings(rule: string, among: readonly string[] = files): Promise<Finding[]> {
  return (await engine!.ask(`
    $found = [Collections.Generic.List[object]]::new()
    foreach ($file in @(${among.map(quote).join(',')})) {
      $tokens = $null; $errors = $null
      $ast = [Management.Automation.Language.Parser]::ParseFile($file, [ref] $tokens, [ref] $errors)
      $say = { param($Node, $What) $found.Add([ordered] @{ file = $file; line = $Node.Extent.StartLineNumber; what = $What }) }
      ${rule}
    }
    , $found.ToArray()`)) as Finding[];
}

test('every file is parsed without an error', { skip }, async () => {
  assert.deepEqual(await findings(`foreach ($e in $errors) { & $say $e $e.Message }`), []);
});

test('no syntax that 5.1 lacks', { skip }, async () => {
  const rule = `
    foreach ($node in $ast.FindAll({ $true }, $true)) {
      $name = $node.GetType().Name
      if (@('TernaryExpressionAst', 'PipelineChainAst', 'UsingStatementAst') -contains $name) { & $say $node $name }
      if ($node -is [Management.Automation.Language.ScriptBlockAst] -and $null -ne $node.CleanBlock) { & $say $node 'clean' }
      if ($node -is [Management.Automation.Language.PipelineAst] -and $node.Background) { & $say $node 'background' }
      if ($name -match '^(MemberExpressionAst|InvokeMemberExpressionAst|IndexExpressionAst)$' -and $node.NullConditional) { & $say $node 'null conditional' }
      if ($node -is [Management.Automation.Language.CommandParameterAst] -and $node.ParameterName -eq 'Parallel') { & $say $node 'Parallel' }
      if ($node -is [Management.Automation.Language.ConvertExpressionAst] -and $node.Type.TypeName.Name -eq 'ordered' -and $node.Child -isnot [Management.Automation.Language.HashtableAst]) { & $say $node 'ordered' }
    }
    foreach ($token in $tokens) {
      if (@('QuestionQuestion', 'QuestionQuestionEquals', 'QuestionDot', 'QuestionLBracket', 'QuestionMark', 'AndAnd', 'OrOr') -contains [string] $token.Kind) { & $say $token ([string] $token.Kind) }
      if ([string] $token.Kind -eq 'Number' -and $token.Text -match '^0b|(u|y|uy|us|n|ul)$') { & $say $token $token.Text }
      if ($token.Text -match '\`[u{e]' -and [string] $token.Kind -like '*Expandable*') { & $say $token 'escape' }
    }`;
  assert.deepEqual(await findings(rule), []);
  // The rule itself: it must find these.
  const wrong = await engine!.ask(`
    $found = [Collections.Generic.List[object]]::new(); $file = 'x'; $tokens = $null; $errors = $null
    $ast = [Management.Automation.Language.Parser]::ParseInput('$a ? 1 : 2; $b ?? 3; \${c}?.d; e && f; g | ForEach-Object -Parallel { }', [ref] $tokens, [ref] $errors)
    $say = { param($Node, $What) $found.Add($What) }
    ${rule}
    , $found.ToArray()`);
  for (const what of [
    'TernaryExpressionAst',
    'QuestionQuestion',
    'null conditional',
    'PipelineChainAst',
    'Parallel',
  ])
    assert.ok((wrong as string[]).includes(what), what);
});

test('no alias, and in the core no cmdlet outside of Microsoft.PowerShell.Core', { skip }, async () => {
  const rule = `
    $own = @{}
    foreach ($one in @(${files.map(quote).join(',')})) { foreach ($m in [regex]::Matches([IO.File]::ReadAllText($one), '(?m)^ *function (\\S+)')) { $own[$m.Groups[1].Value] = $true } }
    foreach ($node in $ast.FindAll({ param($n) $n -is [Management.Automation.Language.CommandAst] }, $true)) {
      $name = $node.GetCommandName()
      if (-not $name -or $own.ContainsKey($name)) { continue }
      $command = Get-Command $name -ErrorAction Ignore
      if ($null -eq $command -or $command.CommandType -ne 'Cmdlet' -or $command.Source -ne 'Microsoft.PowerShell.Core') { & $say $node $name }
    }`;
  assert.deepEqual(await findings(rule), []);
});

test('functions have approved verbs and a noun that begins with Homing', { skip }, async () => {
  // The list of Get-Verb in 5.1; the engine's own classes hold that of 7, which has a few more.
  const rule = `
    $verbs = @{}
    foreach ($group in 'Common', 'Communications', 'Data', 'Diagnostic', 'Lifecycle', 'Other', 'Security') { foreach ($field in ([type] "System.Management.Automation.Verbs$group").GetFields()) { $verbs[$field.Name] = $true } }
    foreach ($newer in 'Build', 'Deploy') { $verbs.Remove($newer) }
    foreach ($node in $ast.FindAll({ param($n) $n -is [Management.Automation.Language.FunctionDefinitionAst] }, $true)) {
      $verb, $noun = $node.Name -split '-', 2
      if (-not $verbs.ContainsKey($verb) -or -not ([string] $noun).StartsWith('Homing')) { & $say $node $node.Name }
    }`;
  assert.deepEqual(await findings(rule), []);
});

test('every exported function has a synopsis, examples, and words for each parameter', { skip }, async () => {
  const exported = await engine!.run('(Get-Command -Module Homing).Name');
  assert.equal(exported.length, 10);
  for (const name of exported) {
    const help = (await engine!.ask(`
      $f = Get-Command ${name}
      $help = $f.ScriptBlock.Ast.GetHelpContent()
      @{ synopsis = $help.Synopsis; examples = $help.Examples.Count; described = @($help.Parameters.Keys)
        parameters = @($f.ScriptBlock.Ast.Body.ParamBlock.Parameters | ForEach-Object { $_.Name.VariablePath.UserPath.ToUpperInvariant() })
        changes = $f.ScriptBlock.Ast.Body.ParamBlock.Extent.Text; should = [bool] $f.Parameters['WhatIf'] }`)) as {
      synopsis: string;
      examples: number;
      described: string[];
      parameters: string[];
      should: boolean;
    };
    assert.ok(help.synopsis.trim().length > 20, name);
    assert.ok(help.examples >= 1, name);
    assert.deepEqual(
      help.parameters.filter((one) => !help.described.includes(one)),
      [],
      name,
    );
    if (!/^(Get|Test)-/.test(name)) assert.ok(help.should, `${name} has -WhatIf`);
  }
});

test(
  'every type that is named is one of the .NET Framework 4.6.2 or of PowerShell 5.1',
  { skip },
  async (t) => {
    // The reference assemblies, as metadata alone: the types that are asked for by name.
    const references = await frameworkTypes();
    if (references === undefined) {
      t.skip('needs the reference assemblies of the .NET Framework from NuGet');
      return;
    }
    const used = (await engine!.ask(`
    $names = @{}
    foreach ($file in @(${files.map(quote).join(',')})) {
      $tokens = $null; $errors = $null
      $ast = [Management.Automation.Language.Parser]::ParseFile($file, [ref] $tokens, [ref] $errors)
      foreach ($node in $ast.FindAll({ param($n) $n -is [Management.Automation.Language.TypeExpressionAst] -or $n -is [Management.Automation.Language.TypeConstraintAst] }, $true)) {
        $type = $node.TypeName.GetReflectionType()
        if ($null -eq $type) { $names[$node.TypeName.FullName] = $true; continue }
        while ($type.HasElementType) { $type = $type.GetElementType() }
        if ($type.IsGenericType) { $type = $type.GetGenericTypeDefinition() }
        $names[$type.FullName] = $true
      }
    }
    , @($names.Keys)`)) as string[];
    // Asked for behind a check of the version or the system.
    const guarded = new Set([
      'System.IO.UnixFileMode',
      'IO.UnixFileMode',
      'System.IO.FileSystemAclExtensions',
      'IO.FileSystemAclExtensions',
    ]);
    const missing = used.filter(
      (name) =>
        !references.has(name) &&
        !references.has(`System.${name}`) &&
        !guarded.has(name) &&
        !/^(System\.Management\.Automation\.|wmisearcher$)/.test(name),
    );
    assert.ok(used.length > 60);
    assert.deepEqual(missing.sort(), []);
  },
);

/** The public types of the reference assemblies that the host's project restores; undefined where they are not there. */
async function frameworkTypes(): Promise<Set<string> | undefined> {
  const names = await engine!.try(`
    $root = [IO.Path]::Combine([Environment]::GetFolderPath('UserProfile'), '.nuget', 'packages', 'microsoft.netframework.referenceassemblies.net462', '1.0.3', 'build', '.NETFramework', 'v4.6.2')
    if (-not [IO.Directory]::Exists($root)) { return }
    foreach ($file in [IO.Directory]::GetFiles($root, '*.dll')) {
      $stream = [IO.File]::OpenRead($file)
      $pe = [Reflection.PortableExecutable.PEReader]::new($stream)
      try {
        if (-not $pe.HasMetadata) { continue }
        $md = [Reflection.Metadata.PEReaderExtensions]::GetMetadataReader($pe)
        foreach ($handle in $md.TypeDefinitions) {
          $type = $md.GetTypeDefinition($handle)
          if (([int] $type.Attributes -band 7) -eq 1) { $md.GetString($type.Namespace) + '.' + $md.GetString($type.Name) }
        }
      } finally { $pe.Dispose() }
    }`);
  return names.output.length === 0 ? undefined : new Set(names.output);
}
