/*
 * The service: one agent as a child, from start to stop.
 *
 * Invariants: the service manager hears of the service at least every `STEP_MS` while it stops; the agent and all it
 * started die with the service (a job object ends them, even if this process is killed); an agent that ends by itself
 * is started again, later each time. Told to stop, the agent gets the file `stop` in its data directory, and
 * `GRACE_MS` to end by itself (docs/protocol/agent.md, A-9.4).
 */
#include "homing-service.h"

#include <stdlib.h>
#include <wchar.h>

enum {
    STEP_MS = 250,
    GRACE_MS = 8000,          /* stop and preshutdown: below the 20 s of a service manager's patience */
    SHUTDOWN_GRACE_MS = 3500, /* shutdown: Windows gives 5 s to all services */
    BACKOFF_FIRST_MS = 5000,
    BACKOFF_LAST_MS = 300000,
    STEADY_MS = 600000, /* who ran this long begins with the first back-off again */
    OUTPUT_LIMIT = 1 << 20,
};

struct host {
    const struct options *options;
    SERVICE_STATUS_HANDLE handle;
    SERVICE_STATUS status;
    CRITICAL_SECTION lock; /* of `status`: the control handler runs on a thread of its own */
    HANDLE stop;           /* event: told to end */
    volatile LONG grace;
    HANDLE job;
    HANDLE agent;
};

/* ServiceMain gets no context of its own. */
static struct host *the_host;

static void report(struct host *host, DWORD state, DWORD hint, DWORD error) {
    EnterCriticalSection(&host->lock);
    SERVICE_STATUS *status = &host->status;
    bool pending = state == SERVICE_START_PENDING || state == SERVICE_STOP_PENDING;
    status->dwCheckPoint = !pending ? 0 : status->dwCurrentState == state ? status->dwCheckPoint + 1 : 1;
    status->dwServiceType = SERVICE_WIN32_OWN_PROCESS;
    status->dwCurrentState = state;
    status->dwWaitHint = hint;
    status->dwWin32ExitCode = error;
    status->dwControlsAccepted = state == SERVICE_RUNNING
                                     ? SERVICE_ACCEPT_STOP | SERVICE_ACCEPT_SHUTDOWN | SERVICE_ACCEPT_PRESHUTDOWN |
                                           SERVICE_ACCEPT_POWEREVENT | SERVICE_ACCEPT_PARAMCHANGE
                                     : 0;
    SetServiceStatus(host->handle, status);
    LeaveCriticalSection(&host->lock);
}

static void touch(struct host *host, const wchar_t *name) {
    wchar_t *path = path_below(host->options->data, name);
    HANDLE file = CreateFileW(path, GENERIC_WRITE, FILE_SHARE_READ | FILE_SHARE_WRITE | FILE_SHARE_DELETE, NULL,
                              CREATE_ALWAYS, FILE_ATTRIBUTE_NORMAL, NULL);
    if (file != INVALID_HANDLE_VALUE) CloseHandle(file);
    free(path);
}

static void untouch(struct host *host, const wchar_t *name) {
    wchar_t *path = path_below(host->options->data, name);
    DeleteFileW(path);
    free(path);
}

static DWORD WINAPI control(DWORD code, DWORD event, void *data, void *context) {
    (void)data;
    struct host *host = context;
    switch (code) {
    case SERVICE_CONTROL_STOP:
    case SERVICE_CONTROL_PRESHUTDOWN:
    case SERVICE_CONTROL_SHUTDOWN:
        if (code == SERVICE_CONTROL_SHUTDOWN) host->grace = SHUTDOWN_GRACE_MS;
        report(host, SERVICE_STOP_PENDING, GRACE_MS, NO_ERROR);
        SetEvent(host->stop);
        return NO_ERROR;
    case SERVICE_CONTROL_POWEREVENT:
        if (event == PBT_APMRESUMEAUTOMATIC) touch(host, L"wake");
        return NO_ERROR;
    case SERVICE_CONTROL_PARAMCHANGE:
        touch(host, L"wake");
        return NO_ERROR;
    case SERVICE_CONTROL_INTERROGATE:
        return NO_ERROR;
    default:
        return ERROR_CALL_NOT_IMPLEMENTED;
    }
}

/* What the agent prints goes to a file, which is begun anew once it is long. NULL where there can be none. */
static HANDLE open_output(struct host *host) {
    wchar_t *path = path_below(host->options->data, L"service-output.log");
    wchar_t *old = path_below(host->options->data, L"service-output.old.log");
    WIN32_FILE_ATTRIBUTE_DATA found;
    if (GetFileAttributesExW(path, GetFileExInfoStandard, &found) && found.nFileSizeLow > OUTPUT_LIMIT)
        MoveFileExW(path, old, MOVEFILE_REPLACE_EXISTING);
    SECURITY_ATTRIBUTES inherited = {sizeof inherited, NULL, TRUE};
    HANDLE file = CreateFileW(path, FILE_APPEND_DATA | FILE_READ_ATTRIBUTES | SYNCHRONIZE,
                              FILE_SHARE_READ | FILE_SHARE_WRITE | FILE_SHARE_DELETE, &inherited, OPEN_ALWAYS,
                              FILE_ATTRIBUTE_NORMAL, NULL);
    free(path);
    free(old);
    return file == INVALID_HANDLE_VALUE ? NULL : file;
}

static HANDLE open_job(void) {
    HANDLE job = CreateJobObjectW(NULL, NULL);
    JOBOBJECT_EXTENDED_LIMIT_INFORMATION limits = {0};
    limits.BasicLimitInformation.LimitFlags =
        JOB_OBJECT_LIMIT_KILL_ON_JOB_CLOSE | JOB_OBJECT_LIMIT_DIE_ON_UNHANDLED_EXCEPTION;
    if (job != NULL && !SetInformationJobObject(job, JobObjectExtendedLimitInformation, &limits, sizeof limits)) {
        DWORD error = GetLastError();
        CloseHandle(job);
        SetLastError(error);
        return NULL;
    }
    return job;
}

/* The agent's configuration in the data directory: JSON if only that is there. The caller frees. */
static wchar_t *find_config(const wchar_t *data) {
    wchar_t *yaml = path_below(data, L"agent.yaml"), *json = path_below(data, L"agent.json");
    bool only_json =
        GetFileAttributesW(yaml) == INVALID_FILE_ATTRIBUTES && GetFileAttributesW(json) != INVALID_FILE_ATTRIBUTES;
    free(only_json ? yaml : json);
    return only_json ? json : yaml;
}

static wchar_t *agent_command_line(const struct options *options) {
    struct text line = {0};
    text_quote(&line, options->agent);
    if (options->command != NULL) {
        text_add(&line, L" ");
        text_add(&line, options->command);
    } else {
        wchar_t *config = find_config(options->data);
        text_add(&line, L" run --config");
        text_quote(&line, config);
        text_add(&line, L" --state");
        text_quote(&line, options->data);
        free(config);
    }
    return line.chars;
}

/* Starts the program with the given standard handles and no other handle of ours; suspended, until it is in the job. */
static bool create_agent(struct host *host, HANDLE handles[2], PROCESS_INFORMATION *process) {
    SIZE_T size = 0;
    InitializeProcThreadAttributeList(NULL, 1, 0, &size);
    LPPROC_THREAD_ATTRIBUTE_LIST attributes = malloc(size);
    if (attributes == NULL || !InitializeProcThreadAttributeList(attributes, 1, 0, &size)) {
        free(attributes);
        return false;
    }
    STARTUPINFOEXW start = {.StartupInfo = {.cb = sizeof start, .dwFlags = STARTF_USESTDHANDLES},
                            .lpAttributeList = attributes};
    start.StartupInfo.hStdInput = handles[0];
    start.StartupInfo.hStdOutput = start.StartupInfo.hStdError = handles[1];
    wchar_t *line = agent_command_line(host->options);
    const DWORD flags = CREATE_SUSPENDED | CREATE_NO_WINDOW | CREATE_UNICODE_ENVIRONMENT | EXTENDED_STARTUPINFO_PRESENT;
    bool done = UpdateProcThreadAttribute(attributes, 0, PROC_THREAD_ATTRIBUTE_HANDLE_LIST, handles,
                                          (handles[0] == handles[1] ? 1 : 2) * sizeof *handles, NULL, NULL) &&
                CreateProcessW(host->options->agent, line, NULL, NULL, TRUE, flags, NULL, host->options->data,
                               &start.StartupInfo, process);
    DWORD error = GetLastError();
    free(line);
    DeleteProcThreadAttributeList(attributes);
    free(attributes);
    SetLastError(error);
    return done;
}

/* Starts the agent in a job of its own; a Windows error code. */
static DWORD start_agent(struct host *host) {
    SECURITY_ATTRIBUTES inherited = {sizeof inherited, NULL, TRUE};
    HANDLE handles[2] = {CreateFileW(L"NUL", GENERIC_READ | GENERIC_WRITE, FILE_SHARE_READ | FILE_SHARE_WRITE,
                                     &inherited, OPEN_EXISTING, 0, NULL),
                         open_output(host)};
    HANDLE output = handles[1];
    if (output == NULL) handles[1] = handles[0];
    PROCESS_INFORMATION process = {0};
    host->job = open_job();
    bool done = host->job != NULL && handles[0] != INVALID_HANDLE_VALUE;
    if (done && (done = create_agent(host, handles, &process))) {
        done = AssignProcessToJobObject(host->job, process.hProcess) && ResumeThread(process.hThread) != (DWORD)-1;
    }
    DWORD error = done ? ERROR_SUCCESS : GetLastError();
    if (!done && process.hProcess != NULL) {
        TerminateProcess(process.hProcess, EXIT_FAILED);
        CloseHandle(process.hProcess);
    }
    if (!done && host->job != NULL) CloseHandle(host->job);
    if (process.hThread != NULL) CloseHandle(process.hThread);
    if (output != NULL) CloseHandle(output);
    if (handles[0] != INVALID_HANDLE_VALUE) CloseHandle(handles[0]);
    host->agent = done ? process.hProcess : NULL;
    if (!done) host->job = NULL;
    return error;
}

/* Ends what is left of the agent and its children. */
static void clear_agent(struct host *host) {
    if (host->job != NULL) {
        TerminateJobObject(host->job, EXIT_FAILED);
        CloseHandle(host->job);
    }
    if (host->agent != NULL) {
        WaitForSingleObject(host->agent, 2000);
        CloseHandle(host->agent);
    }
    host->job = host->agent = NULL;
}

static void stop_agent(struct host *host) {
    ULONGLONG begin = GetTickCount64();
    touch(host, L"stop");
    do {
        report(host, SERVICE_STOP_PENDING, GRACE_MS, NO_ERROR);
        if (host->agent == NULL || WaitForSingleObject(host->agent, STEP_MS) == WAIT_OBJECT_0) break;
    } while (GetTickCount64() - begin < (ULONGLONG)host->grace);
    report(host, SERVICE_STOP_PENDING, GRACE_MS, NO_ERROR);
    clear_agent(host);
    untouch(host, L"stop");
}

static void report_failure(struct host *host, DWORD id, DWORD number, DWORD again_ms) {
    wchar_t *why = id == EVENT_AGENT_NOT_STARTED ? error_words(number) : text_format(L"exit code %lu", number);
    wchar_t *words =
        text_format(L"The agent of the service %ls %ls: %ls. It is started again in %lu seconds.\r\n%ls",
                    host->options->name, id == EVENT_AGENT_NOT_STARTED ? L"could not be started" : L"ended by itself",
                    why, again_ms / 1000, host->options->agent);
    event_report(id, EVENTLOG_WARNING_TYPE, words);
    free(words);
    free(why);
}

/* Keeps an agent running until told to stop. The first start must succeed, or the service has failed. */
static DWORD serve(struct host *host) {
    DWORD delay = BACKOFF_FIRST_MS;
    for (bool first = true;; first = false) {
        ULONGLONG begin = GetTickCount64();
        untouch(host, L"stop");
        DWORD error = start_agent(host), code = 0;
        if (error != ERROR_SUCCESS && first) {
            report_failure(host, EVENT_AGENT_NOT_STARTED, error, BACKOFF_FIRST_MS);
            return error;
        }
        if (first) report(host, SERVICE_RUNNING, 0, NO_ERROR);
        if (error == ERROR_SUCCESS) {
            HANDLE both[] = {host->stop, host->agent};
            if (WaitForMultipleObjects(2, both, FALSE, INFINITE) == WAIT_OBJECT_0) break;
            GetExitCodeProcess(host->agent, &code);
            clear_agent(host);
        }
        if (GetTickCount64() - begin >= STEADY_MS) delay = BACKOFF_FIRST_MS;
        report_failure(host, error == ERROR_SUCCESS ? EVENT_AGENT_ENDED : EVENT_AGENT_NOT_STARTED,
                       error == ERROR_SUCCESS ? code : error, delay);
        if (WaitForSingleObject(host->stop, delay) == WAIT_OBJECT_0) break;
        delay = delay * 2 < BACKOFF_LAST_MS ? delay * 2 : BACKOFF_LAST_MS;
    }
    stop_agent(host);
    return NO_ERROR;
}

static void WINAPI service_main(DWORD count, wchar_t **arguments) {
    (void)count;
    (void)arguments;
    struct host *host = the_host;
    host->handle = RegisterServiceCtrlHandlerExW(host->options->name, control, host);
    if (host->handle == NULL) return;
    report(host, SERVICE_START_PENDING, 10000, NO_ERROR);
    DWORD error = serve(host);
    report(host, SERVICE_STOPPED, 0, error);
}

int host_run(const struct options *options) {
    struct host host = {.options = options, .grace = GRACE_MS};
    wchar_t *name = text_format(L"%ls", options->name);
    SERVICE_TABLE_ENTRYW table[] = {{name, service_main}, {NULL, NULL}};
    InitializeCriticalSection(&host.lock);
    host.stop = CreateEventW(NULL, TRUE, FALSE, NULL);
    if (host.stop == NULL) return fail(GetLastError(), L"cannot make an event");
    the_host = &host;
    /* Returns once the service has reported that it stopped. */
    BOOL served = StartServiceCtrlDispatcherW(table);
    DWORD error = GetLastError();
    free(name);
    if (served) return EXIT_DONE;
    if (error == ERROR_FAILED_SERVICE_CONTROLLER_CONNECT)
        return fail(ERROR_SUCCESS, L"run is for the service manager; see `homing-service start`");
    return fail(error, L"cannot serve");
}
