/*
 * What the tests run as the child of the service host, and what looks at its resources.
 *
 *   child obey DIRECTORY …     prints its arguments, ends with 0 once DIRECTORY has the file `stop`
 *   child stubborn DIRECTORY   starts a child of its own, and neither ever ends by itself
 *   child brief CODE           ends at once
 *   child alone FILE DIRECTORY opens FILE as .NET does for FileShare.None, says so, and keeps it as `obey` runs; else
 *                              ends with the error
 *   child message EXE ID…      prints the text of each event, as the Event Viewer finds it
 */
#include <windows.h>
#include <fcntl.h>
#include <io.h>
#include <stdio.h>
#include <wchar.h>

static void print(const wchar_t *text) {
    char bytes[4096];
    int length = WideCharToMultiByte(CP_UTF8, 0, text, -1, bytes, sizeof bytes, NULL, NULL);
    fwrite(bytes, 1, (size_t)(length > 0 ? length - 1 : 0), stdout);
    fputc('\n', stdout);
    fflush(stdout);
}

static int obey(const wchar_t *directory) {
    wchar_t path[1024];
    swprintf(path, 1024, L"%ls\\stop", directory);
    while (GetFileAttributesW(path) == INVALID_FILE_ATTRIBUTES) Sleep(50);
    print(L"told to stop");
    return 0;
}

static int stubborn(wchar_t *self, const wchar_t *depth) {
    STARTUPINFOW start = {.cb = sizeof start};
    PROCESS_INFORMATION process;
    wchar_t line[1024];
    swprintf(line, 1024, L"\"%ls\" stubborn below", self);
    if (wcscmp(depth, L"below") != 0) CreateProcessW(self, line, NULL, NULL, FALSE, 0, NULL, NULL, &start, &process);
    Sleep(INFINITE);
    return 0;
}

static int alone(const wchar_t *file, const wchar_t *directory) {
    HANDLE handle = CreateFileW(file, GENERIC_READ | GENERIC_WRITE, 0, NULL, OPEN_ALWAYS, FILE_ATTRIBUTE_NORMAL, NULL);
    if (handle == INVALID_HANDLE_VALUE) return (int)GetLastError();
    print(L"alone with it");
    int code = obey(directory);
    CloseHandle(handle);
    return code;
}

static int message(const wchar_t *exe, wchar_t **ids, int count) {
    wchar_t *strings[] = {L"the text of the event"}, text[1024];
    HMODULE module = LoadLibraryExW(exe, NULL, LOAD_LIBRARY_AS_DATAFILE | LOAD_LIBRARY_AS_IMAGE_RESOURCE);
    const DWORD flags = FORMAT_MESSAGE_FROM_HMODULE | FORMAT_MESSAGE_ARGUMENT_ARRAY;
    for (int i = 0; i < count; i++) {
        DWORD id = (DWORD)_wtoi(ids[i]);
        if (module == NULL || FormatMessageW(flags, module, id, 0, text, ARRAYSIZE(text), (va_list *)strings) == 0)
            return (int)GetLastError();
        print(text);
    }
    return 0;
}

int wmain(int count, wchar_t **arguments) {
    _setmode(_fileno(stdout), _O_BINARY);
    if (count >= 4 && wcscmp(arguments[1], L"message") == 0) return message(arguments[2], arguments + 3, count - 3);
    for (int i = 1; i < count; i++) print(arguments[i]);
    if (count >= 3 && wcscmp(arguments[1], L"obey") == 0) return obey(arguments[2]);
    if (count == 4 && wcscmp(arguments[1], L"alone") == 0) return alone(arguments[2], arguments[3]);
    if (count == 3 && wcscmp(arguments[1], L"stubborn") == 0) return stubborn(arguments[0], arguments[2]);
    if (count == 3 && wcscmp(arguments[1], L"brief") == 0) return _wtoi(arguments[2]);
    return 64;
}
