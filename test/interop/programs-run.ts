/**
 * What the tests of this folder show with programs that really run: the source of the document on compatibility.
 * Invariant: each entry names the tests, and these name the program; `test/repo` holds it.
 */

/** One program as the tests run it. */
export interface ProgramRun {
  readonly title: string;
  /** The word that `needProgram` has for it. */
  readonly program: string;
  /** Recipes that are for this program itself. */
  readonly devices: readonly string[];
  /** Recipes for devices that have it inside, or make the same requests. */
  readonly standsFor?: readonly string[];
  /** Whether it is run only where somebody has installed it; else .ci/run installs it. */
  readonly optional?: true;
  readonly shows: string;
  /** Below `test/interop`. */
  readonly tests: readonly string[];
  /** Where it does not run, and why. */
  readonly limits?: string;
}

/** All of them. */
export const PROGRAM_RUNS: readonly ProgramRun[] = [
  {
    title: 'ddclient 3.10',
    program: 'ddclient',
    devices: ['ddclient'],
    standsFor: ['edgerouter'],
    shows:
      'protocols dyndns2, noip, dyndns1 and duckdns; HTTP, and HTTPS through nginx with the certificate verified; checkip over both; several hosts; IPv6; wrong password, unknown and blocked host; the configuration that an EdgeRouter writes',
    tests: ['ddclient.test.ts', 'examples.test.ts', 'providers/ddclient-protocols.test.ts'],
  },
  {
    title: 'inadyn 2.10',
    program: 'inadyn',
    devices: ['inadyn'],
    standsFor: ['unifi'],
    shows:
      'custom, and dyndns.org, no-ip.com, duckdns.org and dynv6.com under their own names; checkip; several hosts; IPv6; a prefix that a script puts into its configuration; forced updates with --force and SIGUSR1; wrong password, unknown host',
    tests: ['inadyn.test.ts', 'examples.test.ts', 'providers/inadyn-providers.test.ts'],
    limits: 'its own providers need root, for port 80 and a hosts file; of itself it knows no prefix',
  },
  {
    title: 'curl',
    program: 'curl',
    devices: ['curl'],
    standsFor: ['asus', 'cisco', 'other'],
    shows: 'Basic and bearer credentials, GET and POST, both families, the source address, --fail',
    tests: ['curl.test.ts', 'examples.test.ts'],
  },
  {
    title: 'GNU wget',
    program: 'wget',
    devices: ['wget'],
    standsFor: ['openwrt'],
    shows: 'the challenge, wrong password, unknown host',
    tests: ['wget.test.ts', 'examples.test.ts'],
  },
  {
    title: 'BusyBox wget',
    program: 'busybox',
    devices: [],
    standsFor: ['openwrt'],
    shows: 'credentials at once, wrong password',
    tests: ['wget.test.ts'],
  },
  {
    title: 'ddupdate 0.6',
    program: 'ddupdate',
    devices: [],
    shows:
      'its plug-ins for No-IP (with the challenge) and DuckDNS (over HTTPS through nginx), unchanged, under the names of these; wrong credentials',
    tests: ['providers/ddupdate.test.ts'],
    limits: 'needs root, for ports 80 and 443 and a hosts file',
  },
  {
    title: 'PowerShell',
    program: 'dotnet',
    devices: ['windows'],
    optional: true,
    shows: 'the script of the recipe with a right and a wrong token',
    tests: ['examples.test.ts'],
    limits: 'in the engine of PowerShell 7 from NuGet, where there is dotnet',
  },
  {
    title: 'lego 4.9',
    program: 'lego',
    devices: ['lego'],
    shows: 'certificates from pebble with httpreq, also raw, and for a host together with all names below it',
    tests: ['certificates/issue.test.ts'],
    limits: 'with acme-dns only where lego has that provider; the one of Debian is built without it',
  },
  {
    title: 'certbot 2.1',
    program: 'certbot',
    devices: ['certbot'],
    standsFor: ['acme.sh'],
    shows:
      'certificates from pebble with the hook of the recipe, and with the very requests that acme.sh makes of acme-dns, judged by its rule',
    tests: ['certificates/issue.test.ts'],
  },
];
