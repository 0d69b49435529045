/*
 * Whole files, secrets and events.
 *
 * A secret is DPAPI data of the machine with the entropy `Homing-Agent`, in a file as base64 text: whoever may read the
 * file on this machine can have it, so the file's access list is what protects it (guard.c). Plain text is overwritten
 * in memory before it is given back.
 */
#include "homing-service.h"

#include <stdlib.h>
#include <wchar.h>
#include <wincrypt.h>

enum { SECRET_LIMIT = 64 * 1024, EVENT_LIMIT = 120 * 1024, EVENT_CHARS = 31000 };

static BYTE ENTROPY[] = {'H', 'o', 'm', 'i', 'n', 'g', '-', 'A', 'g', 'e', 'n', 't'};

static bool is_standard(const wchar_t *path) { return wcscmp(path, L"-") == 0; }

bool bytes_read(const wchar_t *path, DWORD limit, struct bytes *bytes) {
    bool standard = is_standard(path);
    HANDLE file = standard ? GetStdHandle(STD_INPUT_HANDLE)
                           : CreateFileW(path, GENERIC_READ, FILE_SHARE_READ, NULL, OPEN_EXISTING, 0, NULL);
    *bytes = (struct bytes){0};
    if (file == INVALID_HANDLE_VALUE) return false;
    DWORD error = ERROR_SUCCESS;
    /* One more than the limit, so that a file that is too long is seen to be. */
    bytes->data = malloc((size_t)limit + 1);
    if (bytes->data == NULL) error = ERROR_NOT_ENOUGH_MEMORY;
    while (error == ERROR_SUCCESS && bytes->length <= limit) {
        DWORD got = 0;
        if (!ReadFile(file, bytes->data + bytes->length, limit + 1 - bytes->length, &got, NULL)) {
            error = GetLastError();
            if (error == ERROR_BROKEN_PIPE) error = ERROR_SUCCESS;
            break;
        }
        if (got == 0) break;
        bytes->length += got;
    }
    if (error == ERROR_SUCCESS && bytes->length > limit) error = ERROR_FILE_TOO_LARGE;
    if (!standard) CloseHandle(file);
    if (error != ERROR_SUCCESS) bytes_free(bytes);
    SetLastError(error);
    return error == ERROR_SUCCESS;
}

bool bytes_write(const wchar_t *path, const void *data, DWORD length) {
    bool standard = is_standard(path);
    HANDLE file = standard ? GetStdHandle(STD_OUTPUT_HANDLE)
                           : CreateFileW(path, GENERIC_WRITE, 0, NULL, CREATE_ALWAYS, FILE_ATTRIBUTE_NORMAL, NULL);
    if (file == INVALID_HANDLE_VALUE) return false;
    DWORD written = 0;
    DWORD error = WriteFile(file, data, length, &written, NULL) ? ERROR_SUCCESS : GetLastError();
    if (error == ERROR_SUCCESS && written != length) error = ERROR_DISK_FULL;
    if (!standard) {
        if (error == ERROR_SUCCESS && !FlushFileBuffers(file)) error = GetLastError();
        CloseHandle(file);
    }
    SetLastError(error);
    return error == ERROR_SUCCESS;
}

void bytes_free(struct bytes *bytes) {
    if (bytes->data != NULL) {
        SecureZeroMemory(bytes->data, bytes->length);
        free(bytes->data);
    }
    *bytes = (struct bytes){0};
}

int secret_protect(const wchar_t *in, const wchar_t *out) {
    struct bytes plain;
    if (!bytes_read(in, SECRET_LIMIT, &plain)) return fail(GetLastError(), L"cannot read %ls", in);
    DATA_BLOB input = {plain.length, plain.data}, entropy = {sizeof ENTROPY, ENTROPY}, output = {0, NULL};
    const DWORD flags = CRYPTPROTECT_LOCAL_MACHINE | CRYPTPROTECT_UI_FORBIDDEN;
    BOOL done = CryptProtectData(&input, L"Homing Agent", &entropy, NULL, NULL, flags, &output);
    DWORD error = GetLastError();
    bytes_free(&plain);
    if (!done) return fail(error, L"cannot protect the secret");

    const DWORD form = CRYPT_STRING_BASE64 | CRYPT_STRING_NOCRLF;
    DWORD size = 0;
    char *text = NULL;
    done = CryptBinaryToStringA(output.pbData, output.cbData, form, NULL, &size) && (text = malloc(size)) != NULL &&
           CryptBinaryToStringA(output.pbData, output.cbData, form, text, &size) && bytes_write(out, text, size);
    error = GetLastError();
    free(text);
    LocalFree(output.pbData);
    return done ? EXIT_DONE : fail(error, L"cannot write %ls", out);
}

/* The DPAPI data of base64 text, in its place; false where it is none. */
static bool decode(struct bytes *bytes) {
    const DWORD form = CRYPT_STRING_BASE64;
    struct bytes data = {0};
    char *text = (char *)bytes->data;
    if (!CryptStringToBinaryA(text, bytes->length, form, NULL, &data.length, NULL, NULL)) return false;
    data.data = malloc((size_t)data.length + 1);
    bool done =
        data.data != NULL && CryptStringToBinaryA(text, bytes->length, form, data.data, &data.length, NULL, NULL);
    if (!done) {
        bytes_free(&data);
        return false;
    }
    bytes_free(bytes);
    *bytes = data;
    return true;
}

int secret_unprotect(const wchar_t *in, const wchar_t *out) {
    struct bytes secret;
    if (!bytes_read(in, 4 * SECRET_LIMIT, &secret)) return fail(GetLastError(), L"cannot read %ls", in);
    if (!decode(&secret)) {
        bytes_free(&secret);
        return fail(ERROR_INVALID_DATA, L"%ls is not a protected secret (base64 text)", in);
    }
    DATA_BLOB input = {secret.length, secret.data}, entropy = {sizeof ENTROPY, ENTROPY}, output = {0, NULL};
    BOOL done = CryptUnprotectData(&input, NULL, &entropy, NULL, NULL, CRYPTPROTECT_UI_FORBIDDEN, &output);
    DWORD error = GetLastError();
    bytes_free(&secret);
    if (!done) return fail(error, L"%ls was not protected on this machine", in);
    done = bytes_write(out, output.pbData, output.cbData);
    error = GetLastError();
    SecureZeroMemory(output.pbData, output.cbData);
    LocalFree(output.pbData);
    return done ? EXIT_DONE : fail(error, L"cannot write %ls", out);
}

/* The Event Viewer takes "%1" inside an inserted string for another insertion: "fe80::1%12" would lose its zone. */
static void part_percents(wchar_t *words, wchar_t *target, size_t limit) {
    size_t length = 0;
    for (; *words != L'\0' && length + 2 < limit; words++) {
        target[length++] = *words;
        if (words[0] == L'%' && words[1] >= L'0' && words[1] <= L'9') target[length++] = L' ';
    }
    target[length] = L'\0';
}

bool event_report(DWORD id, WORD type, const wchar_t *message) {
    HANDLE source = RegisterEventSourceW(NULL, EVENT_SOURCE);
    if (source == NULL) return false;
    wchar_t *words = _wcsdup(message);
    wchar_t *parted = malloc(EVENT_CHARS * sizeof *parted);
    BOOL done = FALSE;
    if (words != NULL && parted != NULL) {
        part_percents(words, parted, EVENT_CHARS);
        const wchar_t *strings[] = {parted};
        done = ReportEventW(source, type, 0, id, NULL, 1, 0, strings, NULL);
    }
    DWORD error = GetLastError();
    free(parted);
    free(words);
    DeregisterEventSource(source);
    SetLastError(error);
    return done;
}

int event_command(const wchar_t *id, const wchar_t *kind, const wchar_t *file) {
    static const struct {
        const wchar_t *word;
        WORD type;
    } KINDS[] = {{L"information", EVENTLOG_INFORMATION_TYPE},
                 {L"warning", EVENTLOG_WARNING_TYPE},
                 {L"error", EVENTLOG_ERROR_TYPE}};
    wchar_t *end = NULL;
    unsigned long number = wcstoul(id, &end, 10);
    size_t found = 0;
    while (found < ARRAYSIZE(KINDS) && wcscmp(kind, KINDS[found].word) != 0)
        found++;
    if (*id == L'\0' || *end != L'\0' || number < 1 || number > 0xffff || found == ARRAYSIZE(KINDS)) {
        fail(ERROR_SUCCESS, L"event takes an id from 1 to 65535 and information, warning or error");
        return EXIT_USAGE;
    }
    struct bytes text;
    if (!bytes_read(file, EVENT_LIMIT, &text)) return fail(GetLastError(), L"cannot read %ls", file);
    int size = text.length == 0 ? 0 : MultiByteToWideChar(CP_UTF8, 0, (char *)text.data, (int)text.length, NULL, 0);
    wchar_t *message = calloc((size_t)size + 1, sizeof *message);
    if (message != NULL && size > 0)
        MultiByteToWideChar(CP_UTF8, 0, (char *)text.data, (int)text.length, message, size);
    bytes_free(&text);
    bool done = message != NULL && event_report(number, KINDS[found].type, message);
    DWORD error = GetLastError();
    free(message);
    return done ? EXIT_DONE : fail(error, L"cannot report the event");
}
