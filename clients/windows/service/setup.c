/*
 * Installing, removing, starting, stopping and asking for the service.
 *
 * Invariants: the service never runs as LocalSystem: its account is the virtual one of its name, and LocalService where
 * there are none; its path is quoted; an installation that fails half-way takes the service that it made away again.
 * Installing over an installed service changes it in place.
 */
#include "homing-service.h"

#include <sddl.h>
#include <shellapi.h>
#include <stdlib.h>
#include <wchar.h>

enum { WAIT_START_MS = 30000, WAIT_STOP_MS = 30000, STEP_MS = 100, PRESHUTDOWN_MS = 15000 };

#define LOCAL_SERVICE L"NT AUTHORITY\\LocalService"
#define DESCRIPTION L"Keeps the DNS names of this machine at its present addresses, through a Homing or DynDNS2 server."

static SC_HANDLE open_manager(DWORD access) { return OpenSCManagerW(NULL, NULL, access); }

static wchar_t *service_command_line(const struct options *options, const wchar_t *self) {
    struct text line = {0};
    text_quote(&line, self);
    text_add(&line, L" run --name");
    text_quote(&line, options->name);
    text_add(&line, L" --data");
    text_quote(&line, options->data);
    text_add(&line, L" --agent");
    text_quote(&line, options->agent);
    if (options->command != NULL) {
        text_add(&line, L" --command");
        text_quote(&line, options->command);
    }
    return line.chars;
}

/* The SID of an account; NULL where the system does not know it. The caller frees. */
static PSID find_sid(const wchar_t *account) {
    DWORD size = 0, length = 0;
    SID_NAME_USE use;
    LookupAccountNameW(NULL, account, NULL, &size, NULL, &length, &use);
    if (size == 0) return NULL;
    PSID sid = malloc(size);
    wchar_t *domain = calloc((size_t)length + 1, sizeof *domain);
    bool found = sid != NULL && domain != NULL && LookupAccountNameW(NULL, account, sid, &size, domain, &length, &use);
    free(domain);
    if (found) return sid;
    free(sid);
    return NULL;
}

/* Waits until the service is in a state; false after the time, or when it stopped instead. */
static bool wait_for(SC_HANDLE service, DWORD state, DWORD limit, SERVICE_STATUS_PROCESS *status) {
    ULONGLONG begin = GetTickCount64();
    for (;;) {
        DWORD needed;
        if (!QueryServiceStatusEx(service, SC_STATUS_PROCESS_INFO, (BYTE *)status, sizeof *status, &needed))
            return false;
        if (status->dwCurrentState == state) return true;
        if (status->dwCurrentState == SERVICE_STOPPED || GetTickCount64() - begin >= limit) {
            SetLastError(status->dwCurrentState == SERVICE_STOPPED ? status->dwWin32ExitCode
                                                                   : ERROR_SERVICE_REQUEST_TIMEOUT);
            return false;
        }
        Sleep(STEP_MS);
    }
}

static bool stop_service(SC_HANDLE service) {
    SERVICE_STATUS told;
    SERVICE_STATUS_PROCESS status;
    if (!ControlService(service, SERVICE_CONTROL_STOP, &told)) {
        DWORD error = GetLastError();
        if (error == ERROR_SERVICE_NOT_ACTIVE) return true;
        /* Already stopping, or not yet able to: waiting tells. */
        if (error != ERROR_SERVICE_CANNOT_ACCEPT_CTRL) return false;
    }
    return wait_for(service, SERVICE_STOPPED, WAIT_STOP_MS, &status);
}

static bool start_service(SC_HANDLE service) {
    SERVICE_STATUS_PROCESS status;
    if (!StartServiceW(service, 0, NULL) && GetLastError() != ERROR_SERVICE_ALREADY_RUNNING) return false;
    return wait_for(service, SERVICE_RUNNING, WAIT_START_MS, &status);
}

/* A setting that this version of Windows does not know is no failure; any other one is. */
static bool set(SC_HANDLE service, DWORD level, void *value) {
    if (ChangeServiceConfig2W(service, level, value)) return true;
    DWORD error = GetLastError();
    return error == ERROR_INVALID_LEVEL || error == ERROR_CALL_NOT_IMPLEMENTED;
}

static bool set_details(SC_HANDLE service) {
    wchar_t words[] = DESCRIPTION;
    wchar_t privileges[] = L"SeChangeNotifyPrivilege\0"; /* two zeros at its end */
    SC_ACTION actions[] = {{SC_ACTION_RESTART, 5000}, {SC_ACTION_RESTART, 30000}, {SC_ACTION_RESTART, 60000}};
    SERVICE_DESCRIPTIONW description = {words};
    SERVICE_DELAYED_AUTO_START_INFO delayed = {TRUE};
    SERVICE_FAILURE_ACTIONSW failure = {.dwResetPeriod = 86400, .cActions = ARRAYSIZE(actions), .lpsaActions = actions};
    SERVICE_FAILURE_ACTIONS_FLAG flag = {TRUE};
    SERVICE_SID_INFO sid = {SERVICE_SID_TYPE_UNRESTRICTED};
    SERVICE_REQUIRED_PRIVILEGES_INFOW required = {privileges};
    SERVICE_PRESHUTDOWN_INFO preshutdown = {PRESHUTDOWN_MS};
    return set(service, SERVICE_CONFIG_DESCRIPTION, &description) &&
           set(service, SERVICE_CONFIG_DELAYED_AUTO_START_INFO, &delayed) &&
           set(service, SERVICE_CONFIG_FAILURE_ACTIONS, &failure) &&
           set(service, SERVICE_CONFIG_FAILURE_ACTIONS_FLAG, &flag) &&
           set(service, SERVICE_CONFIG_SERVICE_SID_INFO, &sid) &&
           set(service, SERVICE_CONFIG_REQUIRED_PRIVILEGES_INFO, &required) &&
           set(service, SERVICE_CONFIG_PRESHUTDOWN_INFO, &preshutdown);
}

/* Makes the service, or changes the one that is there; NULL with the error set. */
static SC_HANDLE make_service(SC_HANDLE manager, const struct options *options, const wchar_t *line,
                              const wchar_t *account, bool *made) {
    wchar_t *title = wcscmp(options->name, DEFAULT_NAME) == 0 ? text_format(EVENT_SOURCE)
                                                              : text_format(EVENT_SOURCE L" (%ls)", options->name);
    SC_HANDLE service = CreateServiceW(manager, options->name, title, SERVICE_ALL_ACCESS, SERVICE_WIN32_OWN_PROCESS,
                                       SERVICE_AUTO_START, SERVICE_ERROR_NORMAL, line, NULL, NULL, NULL, account, NULL);
    *made = service != NULL;
    if (service == NULL && GetLastError() == ERROR_SERVICE_EXISTS) {
        service = OpenServiceW(manager, options->name, SERVICE_ALL_ACCESS);
        if (service != NULL &&
            !(stop_service(service) &&
              ChangeServiceConfigW(service, SERVICE_WIN32_OWN_PROCESS, SERVICE_AUTO_START, SERVICE_ERROR_NORMAL, line,
                                   NULL, NULL, NULL, account, NULL, title))) {
            DWORD error = GetLastError();
            CloseServiceHandle(service);
            SetLastError(error);
            service = NULL;
        }
    }
    DWORD error = GetLastError();
    free(title);
    SetLastError(error);
    return service;
}

/* Everything after the service exists. */
static int complete(SC_HANDLE service, const struct options *options, PSID sid, const wchar_t *self) {
    DWORD error = guard_directory(options->data, sid);
    if (error == ERROR_INVALID_OWNER)
        return fail(ERROR_SUCCESS, L"%ls, or something in it, belongs neither to the administrators nor to the service",
                    options->data);
    if (error == ERROR_CANT_ACCESS_FILE)
        return fail(ERROR_SUCCESS, L"%ls is a link, or something in it is one", options->data);
    if (error != ERROR_SUCCESS) return fail(error, L"cannot guard %ls", options->data);
    if (!set_details(service)) return fail(GetLastError(), L"cannot set up the service %ls", options->name);
    error = event_source_add(self);
    if (error != ERROR_SUCCESS) return fail(error, L"cannot register the event source");
    if (!options->no_start && !start_service(service))
        return fail(GetLastError(), L"the service %ls did not start", options->name);
    return EXIT_DONE;
}

int setup_install(const struct options *options) {
    SC_HANDLE manager = open_manager(SC_MANAGER_CONNECT | SC_MANAGER_CREATE_SERVICE);
    if (manager == NULL) return fail(GetLastError(), L"cannot reach the service manager");
    wchar_t *self = path_of_self();
    wchar_t *line = service_command_line(options, self);
    wchar_t *own_account = text_format(L"NT SERVICE\\%ls", options->name);
    const wchar_t *account = own_account;
    bool made = false;
    SC_HANDLE service = make_service(manager, options, line, account, &made);
    PSID sid = service == NULL ? NULL : find_sid(account);
    if (sid == NULL && (service != NULL || GetLastError() == ERROR_INVALID_SERVICE_ACCOUNT)) {
        /* No virtual accounts here: the least of the accounts that every Windows has. */
        account = LOCAL_SERVICE;
        bool before = made;
        if (service != NULL) CloseServiceHandle(service);
        service = make_service(manager, options, line, account, &made);
        made = made || before;
        if (!ConvertStringSidToSidW(L"LS", &sid)) sid = NULL;
    }
    int code;
    if (service == NULL || sid == NULL) {
        code = fail(GetLastError(), L"cannot make the service %ls", options->name);
    } else {
        code = complete(service, options, sid, self);
        if (code != EXIT_DONE && made) {
            stop_service(service);
            DeleteService(service);
        }
    }
    if (code == EXIT_DONE)
        say(L"The service %ls is installed, as %ls, for %ls.", options->name, account, options->data);
    if (account == own_account) free(sid);
    else LocalFree(sid);
    if (service != NULL) CloseServiceHandle(service);
    CloseServiceHandle(manager);
    free(own_account);
    free(line);
    free(self);
    return code;
}

/* The settings of a service; the caller frees. NULL: see GetLastError. */
static QUERY_SERVICE_CONFIGW *read_config(SC_HANDLE service) {
    DWORD size = 0;
    QueryServiceConfigW(service, NULL, 0, &size);
    QUERY_SERVICE_CONFIGW *config = size == 0 ? NULL : malloc(size);
    if (config != NULL && QueryServiceConfigW(service, config, size, &size)) return config;
    free(config);
    return NULL;
}

/* The data directory in the command line of a service; the caller frees. NULL where it has none. */
static wchar_t *configured_data(SC_HANDLE service) {
    QUERY_SERVICE_CONFIGW *config = read_config(service);
    if (config == NULL) return NULL;
    int count = 0;
    wchar_t *data = NULL, **arguments = CommandLineToArgvW(config->lpBinaryPathName, &count);
    for (int i = 1; arguments != NULL && i + 1 < count && data == NULL; i++)
        if (wcscmp(arguments[i], L"--data") == 0) data = path_absolute(arguments[i + 1]);
    if (arguments != NULL) LocalFree(arguments);
    free(config);
    return data;
}

/* Opens a service and says why where it cannot; `code` is EXIT_NOT_INSTALLED where there is none. */
static SC_HANDLE open_service(const struct options *options, DWORD access, int *code) {
    SC_HANDLE manager = open_manager(SC_MANAGER_CONNECT);
    SC_HANDLE service = manager == NULL ? NULL : OpenServiceW(manager, options->name, access);
    DWORD error = GetLastError();
    if (manager != NULL) CloseServiceHandle(manager);
    *code = EXIT_DONE;
    if (service == NULL) {
        *code = error == ERROR_SERVICE_DOES_NOT_EXIST ? EXIT_NOT_INSTALLED : EXIT_FAILED;
        fail(error, L"cannot open the service %ls", options->name);
    }
    return service;
}

int setup_uninstall(const struct options *options, const wchar_t *self) {
    int code;
    SC_HANDLE service =
        open_service(options, SERVICE_STOP | SERVICE_QUERY_STATUS | SERVICE_QUERY_CONFIG | DELETE, &code);
    if (service == NULL) return code;
    wchar_t *data = configured_data(service);
    /* One that does not stop is marked for deletion all the same, and goes with its process. */
    if (!stop_service(service)) fail(GetLastError(), L"the service %ls did not stop", options->name);
    if (!DeleteService(service) && GetLastError() != ERROR_SERVICE_MARKED_FOR_DELETE)
        code = fail(GetLastError(), L"cannot delete the service %ls", options->name);
    CloseServiceHandle(service);
    DWORD error = event_source_remove(options->name, self);
    if (error != ERROR_SUCCESS) code = fail(error, L"cannot remove the event source");
    if (data != NULL && options->purge && (error = guard_purge(data)) != ERROR_SUCCESS)
        code = fail(error, L"cannot remove %ls", data);
    /* An installation that was given up leaves nothing; a directory with anything in it is not removed by this. */
    if (data != NULL && !options->purge) RemoveDirectoryW(data);
    free(data);
    if (code == EXIT_DONE) say(L"The service %ls is removed.", options->name);
    return code;
}

int setup_start(const struct options *options) {
    int code;
    SC_HANDLE service = open_service(options, SERVICE_START | SERVICE_QUERY_STATUS, &code);
    if (service == NULL) return code;
    if (!start_service(service)) code = fail(GetLastError(), L"the service %ls did not start", options->name);
    CloseServiceHandle(service);
    return code;
}

int setup_stop(const struct options *options) {
    int code;
    SC_HANDLE service = open_service(options, SERVICE_STOP | SERVICE_QUERY_STATUS, &code);
    if (service == NULL) return code;
    if (!stop_service(service)) code = fail(GetLastError(), L"the service %ls did not stop", options->name);
    CloseServiceHandle(service);
    return code;
}

int setup_query(const struct options *options) {
    static const wchar_t *const STATES[] = {L"unknown", L"stopped",    L"starting", L"stopping",
                                            L"running", L"continuing", L"pausing",  L"paused"};
    int code;
    SC_HANDLE service = open_service(options, SERVICE_QUERY_STATUS | SERVICE_QUERY_CONFIG, &code);
    if (service == NULL) return code;
    SERVICE_STATUS_PROCESS status;
    DWORD needed;
    QUERY_SERVICE_CONFIGW *config = read_config(service);
    if (config == NULL ||
        !QueryServiceStatusEx(service, SC_STATUS_PROCESS_INFO, (BYTE *)&status, sizeof status, &needed)) {
        code = fail(GetLastError(), L"cannot ask for the service %ls", options->name);
    } else {
        wchar_t *data = configured_data(service);
        DWORD state = status.dwCurrentState < ARRAYSIZE(STATES) ? status.dwCurrentState : 0;
        say(L"name: %ls", options->name);
        say(L"state: %ls", STATES[state]);
        say(L"account: %ls", config->lpServiceStartName);
        say(L"process: %lu", status.dwProcessId);
        say(L"exit code: %lu", status.dwWin32ExitCode);
        say(L"data: %ls", data == NULL ? L"" : data);
        say(L"command: %ls", config->lpBinaryPathName);
        code = status.dwCurrentState == SERVICE_RUNNING ? EXIT_DONE : EXIT_FAILED;
        free(data);
    }
    free(config);
    CloseServiceHandle(service);
    return code;
}
