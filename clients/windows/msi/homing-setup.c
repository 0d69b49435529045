/*
 * What the package for the Windows Installer does by functions of its own: it gives a code or a token to the agent, and
 * takes the service of an installation that is given up away, even where the service host's file has gone already.
 *
 * Invariants: the secret stands in no command line, no environment and no log. It comes as CustomActionData, which is
 * kept out of the log (MsiHiddenProperties, HideTarget), and goes to the standard input of homing-agent.exe through a
 * file that only SYSTEM and the administrators may open, that nobody but this process has open, and that Windows
 * deletes with its last handle.
 *
 * CustomActionData of ConfigureAgent, a line each: the folder of the programs, the data directory, `enroll` or `add`,
 * server, host, user, secret. Of RemoveNewService: the folder of the programs. Parts of the service host are inside.
 */
#include "../service/homing-service.h"

#include <msi.h>
#include <msiquery.h>
#include <sddl.h>
#include <stdlib.h>
#include <wchar.h>

/* `enroll` tries three times, each time at most a minute and a half after the other. */
enum { AGENT_LIMIT_MS = 600000, WORDS_LIMIT = 4096 };

enum { PROGRAMS, DATA, VERB, SERVER, HOST, USER, SECRET, FIELDS };

/* Tells the installer's log, and whoever looks at the screen. */
static void tell(MSIHANDLE session, INSTALLMESSAGE kind, const wchar_t *words) {
    MSIHANDLE record = MsiCreateRecord(1);
    if (record == 0) return;
    MsiRecordSetStringW(record, 0, L"[1]");
    MsiRecordSetStringW(record, 1, words);
    MsiProcessMessage(session, kind, record);
    MsiCloseHandle(record);
}

/* What the action was given; the caller frees, after overwriting. */
static wchar_t *custom_action_data(MSIHANDLE session) {
    DWORD length = 0;
    wchar_t none[1] = L"";
    if (MsiGetPropertyW(session, L"CustomActionData", none, &length) != ERROR_MORE_DATA) return NULL;
    length++;
    wchar_t *data = calloc(length, sizeof *data);
    if (data != NULL && MsiGetPropertyW(session, L"CustomActionData", data, &length) != ERROR_SUCCESS) {
        free(data);
        data = NULL;
    }
    /* An installer that keeps it as a property of the session would put it into its log at the end. */
    MsiSetPropertyW(session, L"CustomActionData", L"");
    return data;
}

/* Parts the lines in place; false where there are too few. The last one has the rest. */
static bool part(wchar_t *data, wchar_t **fields) {
    for (int i = 0; i < FIELDS; i++) {
        fields[i] = data;
        wchar_t *end = i + 1 < FIELDS ? wcschr(data, L'\n') : NULL;
        if (end == NULL) return i + 1 == FIELDS;
        *end = L'\0';
        data = end + 1;
    }
    return true;
}

/* A file that goes with its last handle, which a child may inherit. */
static HANDLE open_passing(const wchar_t *folder, const wchar_t *name) {
    SECURITY_ATTRIBUTES access = {sizeof access, NULL, TRUE};
    const wchar_t *owners = L"D:P(A;;FA;;;SY)(A;;FA;;;BA)";
    if (!ConvertStringSecurityDescriptorToSecurityDescriptorW(owners, SDDL_REVISION_1, &access.lpSecurityDescriptor,
                                                              NULL))
        return INVALID_HANDLE_VALUE;
    wchar_t *path = text_format(L"%ls\\.%ls-%lu-%llu.tmp", folder, name, GetCurrentProcessId(), GetTickCount64());
    HANDLE file = CreateFileW(path, GENERIC_READ | GENERIC_WRITE | DELETE, 0, &access, CREATE_NEW,
                              FILE_ATTRIBUTE_TEMPORARY | FILE_FLAG_DELETE_ON_CLOSE, NULL);
    DWORD error = GetLastError();
    free(path);
    LocalFree(access.lpSecurityDescriptor);
    SetLastError(error);
    return file;
}

static bool rewind_file(HANDLE file) { return SetFilePointer(file, 0, NULL, FILE_BEGIN) == 0; }

/* Writes the secret where the child begins to read. */
static bool hand_over(HANDLE file, const wchar_t *secret, DWORD *length) {
    int size = WideCharToMultiByte(CP_UTF8, 0, secret, -1, NULL, 0, NULL, NULL);
    char *bytes = size < 1 ? NULL : malloc((size_t)size);
    if (bytes == NULL) return false;
    WideCharToMultiByte(CP_UTF8, 0, secret, -1, bytes, size, NULL, NULL);
    bool done = WriteFile(file, bytes, (DWORD)size - 1, length, NULL) && rewind_file(file);
    SecureZeroMemory(bytes, (size_t)size);
    free(bytes);
    return done;
}

static void wipe(HANDLE file, DWORD length) {
    static const char zeros[256];
    DWORD written = 1;
    if (!rewind_file(file)) return;
    for (; length > 0 && written > 0; length -= written)
        if (!WriteFile(file, zeros, length < sizeof zeros ? length : sizeof zeros, &written, NULL)) return;
}

static wchar_t *command_line(wchar_t **fields) {
    struct text line = {0};
    wchar_t *program = path_below(fields[PROGRAMS], L"homing-agent.exe");
    wchar_t *config = path_below(fields[DATA], L"agent.yaml");
    bool adds = wcscmp(fields[VERB], L"add") == 0;
    text_quote(&line, program);
    text_add(&line, adds ? L" add" : L" enroll");
    const wchar_t *options[][2] = {{L" --config", config},         {L" --state", fields[DATA]},
                                   {L" --server", fields[SERVER]}, {L" --host", adds ? fields[HOST] : L""},
                                   {L" --user", adds ? fields[USER] : L""}};
    for (size_t i = 0; i < ARRAYSIZE(options); i++) {
        if (options[i][1][0] == L'\0') continue;
        text_add(&line, options[i][0]);
        text_quote(&line, options[i][1]);
    }
    free(config);
    free(program);
    return line.chars;
}

/* Runs the agent to its end; its exit code, or 70 and the error. */
static DWORD run_agent(wchar_t *line, HANDLE input, HANDLE output, DWORD *error) {
    STARTUPINFOW start = {.cb = sizeof start, .dwFlags = STARTF_USESTDHANDLES};
    PROCESS_INFORMATION process;
    DWORD code = 70;
    start.hStdInput = input;
    start.hStdOutput = start.hStdError = output;
    if (!CreateProcessW(NULL, line, NULL, NULL, TRUE, CREATE_NO_WINDOW, NULL, NULL, &start, &process)) {
        *error = GetLastError();
        return code;
    }
    *error = ERROR_SUCCESS;
    if (WaitForSingleObject(process.hProcess, AGENT_LIMIT_MS) != WAIT_OBJECT_0) {
        TerminateProcess(process.hProcess, code);
        WaitForSingleObject(process.hProcess, INFINITE);
        *error = WAIT_TIMEOUT;
    } else if (!GetExitCodeProcess(process.hProcess, &code)) *error = GetLastError();
    CloseHandle(process.hThread);
    CloseHandle(process.hProcess);
    return code;
}

/* What the agent said, which is never a secret. The caller frees. */
static wchar_t *words_of(HANDLE output) {
    char bytes[WORDS_LIMIT];
    wchar_t words[WORDS_LIMIT];
    DWORD length = 0;
    if (!rewind_file(output) || !ReadFile(output, bytes, sizeof bytes, &length, NULL)) length = 0;
    int count = length == 0 ? 0 : MultiByteToWideChar(CP_UTF8, 0, bytes, (int)length, words, WORDS_LIMIT - 1);
    while (count > 0 && wcschr(L"\r\n", words[count - 1]) != NULL)
        count--;
    words[count] = L'\0';
    return text_format(L"%ls", words);
}

static UINT configure(MSIHANDLE session, wchar_t **fields, HANDLE input, HANDLE output) {
    DWORD length = 0, error;
    if (input == INVALID_HANDLE_VALUE || output == INVALID_HANDLE_VALUE ||
        !hand_over(input, fields[SECRET], &length)) {
        wchar_t *why = error_words(GetLastError());
        wchar_t *line = text_format(L"Homing Agent: cannot write to %ls: %ls", fields[DATA], why);
        tell(session, INSTALLMESSAGE_ERROR, line);
        free(line);
        free(why);
        return ERROR_INSTALL_FAILURE;
    }
    wchar_t *command = command_line(fields);
    DWORD code = run_agent(command, input, output, &error);
    free(command);
    wipe(input, length);
    wchar_t *words = error == ERROR_SUCCESS ? words_of(output) : error_words(error);
    bool done = error == ERROR_SUCCESS && code == EXIT_DONE;
    wchar_t *line = done ? text_format(L"Homing Agent: %ls", words)
                         : text_format(L"Homing Agent: %ls failed (%lu). %ls", fields[VERB], code, words);
    tell(session, done ? INSTALLMESSAGE_INFO : INSTALLMESSAGE_ERROR, line);
    free(line);
    free(words);
    return done ? ERROR_SUCCESS : ERROR_INSTALL_FAILURE;
}

/* The custom actions: deferred, and at a rollback; both as SYSTEM. Nothing else is exported. */
__declspec(dllexport) UINT __stdcall ConfigureAgent(MSIHANDLE session);
__declspec(dllexport) UINT __stdcall RemoveNewService(MSIHANDLE session);

UINT __stdcall ConfigureAgent(MSIHANDLE session) {
    wchar_t *fields[FIELDS];
    wchar_t *data = custom_action_data(session);
    size_t length = data == NULL ? 0 : wcslen(data);
    if (data == NULL || !part(data, fields)) {
        tell(session, INSTALLMESSAGE_ERROR, L"Homing Agent: the package is damaged: it does not say what to configure.");
        free(data);
        return ERROR_INSTALL_FAILURE;
    }
    HANDLE input = open_passing(fields[DATA], L"input"), output = open_passing(fields[DATA], L"output");
    UINT result = configure(session, fields, input, output);
    if (input != INVALID_HANDLE_VALUE) CloseHandle(input);
    if (output != INVALID_HANDLE_VALUE) CloseHandle(output);
    SecureZeroMemory(data, length * sizeof *data);
    free(data);
    return result;
}

UINT __stdcall RemoveNewService(MSIHANDLE session) {
    wchar_t *programs = custom_action_data(session);
    if (programs == NULL) return ERROR_INSTALL_FAILURE;
    wchar_t *host = path_below(programs, L"homing-service.exe");
    const struct options options = {.name = DEFAULT_NAME};
    int code = setup_uninstall(&options, host);
    free(host);
    free(programs);
    return code == EXIT_DONE || code == EXIT_NOT_INSTALLED ? ERROR_SUCCESS : ERROR_INSTALL_FAILURE;
}
