/*
 * The service host of Homing's agent for Windows: its command line. See README.md beside this file.
 *
 * Exit codes: 0 done, 1 failed (the reason is on standard error), 3 no such service, 64 wrong arguments.
 */
#include "homing-service.h"

#include <shlobj.h>
#include <stdlib.h>
#include <wchar.h>

#ifndef HOMING_VERSION
#error "HOMING_VERSION is the version of the package, as a wide string"
#endif

static const wchar_t USAGE[] =
    L"homing-service: runs Homing's agent as a Windows service\r\n"
    L"\r\n"
    L"  install   [--name NAME] [--data DIRECTORY] [--agent EXE] [--command LINE] [--no-start]\r\n"
    L"  uninstall [--name NAME] [--purge]        --purge: its data directory too\r\n"
    L"  start | stop | query [--name NAME]\r\n"
    L"  protect IN OUT | unprotect IN OUT        a secret, by DPAPI; `-` is standard input or output\r\n"
    L"  event ID information|warning|error FILE  to the event log, as `" EVENT_SOURCE L"`; FILE is UTF-8\r\n"
    L"  version\r\n"
    L"\r\n"
    L"NAME is " DEFAULT_NAME L", DIRECTORY is Homing below ProgramData, EXE is homing-agent.exe beside this\r\n"
    L"program, and LINE is what EXE is given, where these are left out.";

static int usage(void) {
    fail(ERROR_SUCCESS, L"wrong arguments\r\n%ls", USAGE);
    return EXIT_USAGE;
}

/* Letters, digits, `-` and `_`: a name that needs no quoting anywhere, and is no path. */
static bool is_name(const wchar_t *name) {
    size_t length = wcslen(name);
    if (length < 1 || length > 64) return false;
    for (; *name != L'\0'; name++)
        if (wcschr(L"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_", *name) == NULL) return false;
    return true;
}

static bool read_options(int count, wchar_t **arguments, struct options *options) {
    for (int i = 0; i < count; i++) {
        const wchar_t *word = arguments[i];
        if (wcscmp(word, L"--no-start") == 0) {
            options->no_start = true;
            continue;
        }
        if (wcscmp(word, L"--purge") == 0) {
            options->purge = true;
            continue;
        }
        const wchar_t **value = wcscmp(word, L"--name") == 0      ? &options->name
                                : wcscmp(word, L"--data") == 0    ? &options->data
                                : wcscmp(word, L"--agent") == 0   ? &options->agent
                                : wcscmp(word, L"--command") == 0 ? &options->command
                                                                  : NULL;
        if (value == NULL || i + 1 == count) return false;
        *value = arguments[++i];
    }
    return is_name(options->name);
}

/* The directory of the machine's data, asked of the shell: the environment is the caller's word only. */
static wchar_t *default_data(void) {
    wchar_t folder[MAX_PATH];
    if (SHGetFolderPathW(NULL, CSIDL_COMMON_APPDATA, NULL, SHGFP_TYPE_CURRENT, folder) != S_OK) return NULL;
    return path_below(folder, L"Homing");
}

static wchar_t *default_agent(void) {
    wchar_t *self = path_of_self();
    wchar_t *last = wcsrchr(self, L'\\');
    if (last != NULL) *last = L'\0';
    wchar_t *agent = path_below(self, L"homing-agent.exe");
    free(self);
    return agent;
}

/* Makes the paths absolute and fills in those that were left out; both live as long as the process. */
static int complete(struct options *options) {
    options->data = options->data == NULL ? default_data() : path_absolute(options->data);
    options->agent = options->agent == NULL ? default_agent() : path_absolute(options->agent);
    if (options->data == NULL || options->agent == NULL) return fail(GetLastError(), L"not a path");
    return EXIT_DONE;
}

static int install(struct options *options) {
    int code = complete(options);
    if (code != EXIT_DONE) return code;
    DWORD attributes = GetFileAttributesW(options->agent);
    if (attributes == INVALID_FILE_ATTRIBUTES) return fail(GetLastError(), L"cannot find %ls", options->agent);
    if ((attributes & FILE_ATTRIBUTE_DIRECTORY) != 0) return fail(ERROR_SUCCESS, L"%ls is no program", options->agent);
    return setup_install(options);
}

static int uninstall(const struct options *options) {
    wchar_t *self = path_of_self();
    int code = setup_uninstall(options, self);
    free(self);
    return code;
}

static int run(struct options *options) {
    int code = complete(options);
    return code != EXIT_DONE ? code : host_run(options);
}

int wmain(int count, wchar_t **arguments) {
    if (count < 2) return usage();
    const wchar_t *command = arguments[1];
    if (count == 2 && wcscmp(command, L"version") == 0) return say(L"homing-service %ls", HOMING_VERSION), EXIT_DONE;
    if (count == 2 && wcscmp(command, L"--help") == 0) return say(L"%ls", USAGE), EXIT_DONE;
    if (count == 4 && wcscmp(command, L"protect") == 0) return secret_protect(arguments[2], arguments[3]);
    if (count == 4 && wcscmp(command, L"unprotect") == 0) return secret_unprotect(arguments[2], arguments[3]);
    if (count == 5 && wcscmp(command, L"event") == 0) return event_command(arguments[2], arguments[3], arguments[4]);

    struct options options = {.name = DEFAULT_NAME};
    if (!read_options(count - 2, arguments + 2, &options)) return usage();
    if (wcscmp(command, L"install") == 0) return install(&options);
    if (wcscmp(command, L"run") == 0) return run(&options);
    if (wcscmp(command, L"uninstall") == 0) return uninstall(&options);
    if (wcscmp(command, L"start") == 0) return setup_start(&options);
    if (wcscmp(command, L"stop") == 0) return setup_stop(&options);
    if (wcscmp(command, L"query") == 0) return setup_query(&options);
    return usage();
}
