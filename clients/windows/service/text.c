/*
 * Text that grows, quoting of arguments, absolute paths, and words for people.
 *
 * `text_quote` keeps the rules by which CommandLineToArgvW and the C runtime read a command line back: backslashes are
 * doubled before a quotation mark alone.
 */
#include "homing-service.h"

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <wchar.h>

static void *allocate(void *old, size_t size) {
    void *block = realloc(old, size);
    if (block == NULL) ExitProcess(EXIT_FAILED);
    return block;
}

static void text_add_some(struct text *text, const wchar_t *more, size_t count) {
    if (text->length + count + 1 > text->capacity) {
        text->capacity = (text->length + count + 1) * 2;
        text->chars = allocate(text->chars, text->capacity * sizeof *text->chars);
    }
    memcpy(text->chars + text->length, more, count * sizeof *more);
    text->length += count;
    text->chars[text->length] = L'\0';
}

void text_add(struct text *text, const wchar_t *more) { text_add_some(text, more, wcslen(more)); }

void text_quote(struct text *text, const wchar_t *argument) {
    if (text->length > 0) text_add(text, L" ");
    text_add(text, L"\"");
    size_t backslashes = 0;
    for (const wchar_t *at = argument; *at != L'\0'; at++) {
        if (*at == L'\\') {
            backslashes++;
        } else {
            /* Those before a quotation mark are doubled, and it gets one of its own. */
            for (; *at == L'"' && backslashes > 0; backslashes--)
                text_add(text, L"\\");
            if (*at == L'"') text_add(text, L"\\");
            backslashes = 0;
        }
        text_add_some(text, at, 1);
    }
    while (backslashes-- > 0)
        text_add(text, L"\\");
    text_add(text, L"\"");
}

void text_free(struct text *text) {
    free(text->chars);
    *text = (struct text){0};
}

static wchar_t *format_list(const wchar_t *format, va_list list) {
    for (size_t size = 256;; size *= 2) {
        wchar_t *buffer = allocate(NULL, size * sizeof *buffer);
        va_list copy;
        va_copy(copy, list);
        int length = _vsnwprintf(buffer, size, format, copy);
        va_end(copy);
        if (length >= 0 && (size_t)length < size) return buffer;
        free(buffer);
    }
}

wchar_t *text_format(const wchar_t *format, ...) {
    va_list list;
    va_start(list, format);
    wchar_t *words = format_list(format, list);
    va_end(list);
    return words;
}

wchar_t *path_below(const wchar_t *folder, const wchar_t *name) {
    size_t length = wcslen(folder);
    bool ends = length > 0 && (folder[length - 1] == L'\\' || folder[length - 1] == L'/');
    return text_format(ends ? L"%ls%ls" : L"%ls\\%ls", folder, name);
}

wchar_t *path_absolute(const wchar_t *path) {
    DWORD size = GetFullPathNameW(path, 0, NULL, NULL);
    if (size == 0) return NULL;
    wchar_t *full = allocate(NULL, size * sizeof *full);
    DWORD length = GetFullPathNameW(path, size, full, NULL);
    if (length == 0 || length >= size) {
        free(full);
        return NULL;
    }
    /* "C:\Data\" and "C:\Data" are one directory; "C:\" keeps its backslash. */
    while (length > 3 && full[length - 1] == L'\\')
        full[--length] = L'\0';
    return full;
}

wchar_t *path_of_self(void) {
    for (DWORD size = MAX_PATH;; size *= 2) {
        wchar_t *path = allocate(NULL, size * sizeof *path);
        DWORD length = GetModuleFileNameW(NULL, path, size);
        if (length > 0 && length < size) return path;
        free(path);
        if (length == 0) ExitProcess(EXIT_FAILED);
    }
}

static void write_line(DWORD which, const wchar_t *line) {
    HANDLE handle = GetStdHandle(which);
    DWORD mode, written;
    struct text text = {0};
    text_add(&text, line);
    text_add(&text, L"\r\n");
    if (GetConsoleMode(handle, &mode)) {
        WriteConsoleW(handle, text.chars, (DWORD)text.length, &written, NULL);
    } else {
        int size = WideCharToMultiByte(CP_UTF8, 0, text.chars, (int)text.length, NULL, 0, NULL, NULL);
        char *bytes = allocate(NULL, (size_t)size + 1);
        WideCharToMultiByte(CP_UTF8, 0, text.chars, (int)text.length, bytes, size, NULL, NULL);
        WriteFile(handle, bytes, (DWORD)size, &written, NULL);
        free(bytes);
    }
    text_free(&text);
}

void say(const wchar_t *format, ...) {
    va_list list;
    va_start(list, format);
    wchar_t *line = format_list(format, list);
    va_end(list);
    write_line(STD_OUTPUT_HANDLE, line);
    free(line);
}

wchar_t *error_words(DWORD error) {
    wchar_t *words = NULL;
    DWORD flags = FORMAT_MESSAGE_ALLOCATE_BUFFER | FORMAT_MESSAGE_FROM_SYSTEM | FORMAT_MESSAGE_IGNORE_INSERTS;
    DWORD length = FormatMessageW(flags, NULL, error, 0, (wchar_t *)&words, 0, NULL);
    while (length > 0 && wcschr(L"\r\n .", words[length - 1]) != NULL)
        words[--length] = L'\0';
    wchar_t *result = length > 0 ? text_format(L"%ls (error %lu)", words, error) : text_format(L"error %lu", error);
    if (words != NULL) LocalFree(words);
    return result;
}

int fail(DWORD error, const wchar_t *format, ...) {
    va_list list;
    va_start(list, format);
    wchar_t *what = format_list(format, list);
    va_end(list);
    wchar_t *why = error == ERROR_SUCCESS ? NULL : error_words(error);
    wchar_t *line =
        why == NULL ? text_format(L"homing-service: %ls", what) : text_format(L"homing-service: %ls: %ls", what, why);
    write_line(STD_ERROR_HANDLE, line);
    free(line);
    free(why);
    free(what);
    return EXIT_FAILED;
}
