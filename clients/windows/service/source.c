/*
 * The source of the Event Log, which all services of Homing's on a machine share: agent or module, one configuration or
 * several, each maybe with a service host in a folder of its own.
 *
 * Invariant: it is there, and its texts are found, as long as one of these services is. The last one takes it away.
 */
#include "homing-service.h"

#include <shellapi.h>
#include <stdlib.h>
#include <wchar.h>

#define SOURCE_KEY L"SYSTEM\\CurrentControlSet\\Services\\EventLog\\Application\\" EVENT_SOURCE

enum { LIST_BYTES = 64 * 1024 };

DWORD event_source_add(const wchar_t *host) {
    HKEY key;
    DWORD error = (DWORD)RegCreateKeyExW(HKEY_LOCAL_MACHINE, SOURCE_KEY, 0, NULL, 0, KEY_SET_VALUE, NULL, &key, NULL);
    if (error != ERROR_SUCCESS) return error;
    DWORD types = EVENTLOG_INFORMATION_TYPE | EVENTLOG_WARNING_TYPE | EVENTLOG_ERROR_TYPE;
    DWORD size = (DWORD)((wcslen(host) + 1) * sizeof *host);
    error = (DWORD)RegSetValueExW(key, L"EventMessageFile", 0, REG_EXPAND_SZ, (const BYTE *)host, size);
    if (error == ERROR_SUCCESS)
        error = (DWORD)RegSetValueExW(key, L"TypesSupported", 0, REG_DWORD, (const BYTE *)&types, sizeof types);
    RegCloseKey(key);
    return error;
}

static const wchar_t *base_name(const wchar_t *path) {
    const wchar_t *last = wcsrchr(path, L'\\');
    return last == NULL ? path : last + 1;
}

/* The service host that a service runs, whichever folder it is in; NULL where it runs something else. Caller frees. */
static wchar_t *host_of(SC_HANDLE manager, const wchar_t *name, const wchar_t *self) {
    SC_HANDLE service = OpenServiceW(manager, name, SERVICE_QUERY_CONFIG);
    DWORD size = 0;
    if (service != NULL) QueryServiceConfigW(service, NULL, 0, &size);
    QUERY_SERVICE_CONFIGW *config = size == 0 ? NULL : malloc(size);
    wchar_t **words = NULL, *host = NULL;
    int count = 0;
    if (config != NULL && QueryServiceConfigW(service, config, size, &size) && config->lpBinaryPathName[0] != L'\0')
        words = CommandLineToArgvW(config->lpBinaryPathName, &count);
    if (words != NULL && count > 1 && wcscmp(words[1], L"run") == 0 &&
        _wcsicmp(base_name(words[0]), base_name(self)) == 0)
        host = text_format(L"%ls", words[0]);
    if (words != NULL) LocalFree(words);
    free(config);
    if (service != NULL) CloseServiceHandle(service);
    return host;
}

/* The host of a service of Homing's other than `name`; `*host` is NULL where there is none. Caller frees. */
static DWORD find_other(const wchar_t *name, const wchar_t *self, wchar_t **host) {
    *host = NULL;
    SC_HANDLE manager = OpenSCManagerW(NULL, NULL, SC_MANAGER_CONNECT | SC_MANAGER_ENUMERATE_SERVICE);
    if (manager == NULL) return GetLastError();
    BYTE *list = malloc(LIST_BYTES);
    DWORD error = list == NULL ? ERROR_NOT_ENOUGH_MEMORY : ERROR_MORE_DATA, next = 0;
    while (error == ERROR_MORE_DATA && *host == NULL) {
        DWORD more = 0, count = 0;
        BOOL all = EnumServicesStatusExW(manager, SC_ENUM_PROCESS_INFO, SERVICE_WIN32, SERVICE_STATE_ALL, list,
                                         LIST_BYTES, &more, &count, &next, NULL);
        error = all ? ERROR_SUCCESS : GetLastError();
        if (error != ERROR_SUCCESS && error != ERROR_MORE_DATA) break;
        const ENUM_SERVICE_STATUS_PROCESSW *services = (const void *)list;
        for (DWORD i = 0; i < count && *host == NULL; i++)
            if (_wcsicmp(services[i].lpServiceName, name) != 0)
                *host = host_of(manager, services[i].lpServiceName, self);
    }
    free(list);
    CloseServiceHandle(manager);
    return *host != NULL ? ERROR_SUCCESS : error;
}

/* Whether the source is one that a service host made, this one. */
static DWORD is_own(const wchar_t *self, bool *own) {
    DWORD size = 0;
    const DWORD kinds = RRF_RT_REG_SZ | RRF_RT_REG_EXPAND_SZ | RRF_NOEXPAND;
    *own = false;
    DWORD error = (DWORD)RegGetValueW(HKEY_LOCAL_MACHINE, SOURCE_KEY, L"EventMessageFile", kinds, NULL, NULL, &size);
    if (error == ERROR_FILE_NOT_FOUND) return ERROR_SUCCESS;
    if (error != ERROR_SUCCESS) return error;
    wchar_t *file = calloc(1, size + sizeof *file);
    if (file == NULL) return ERROR_NOT_ENOUGH_MEMORY;
    error = (DWORD)RegGetValueW(HKEY_LOCAL_MACHINE, SOURCE_KEY, L"EventMessageFile", kinds, NULL, file, &size);
    *own = error == ERROR_SUCCESS && _wcsicmp(file, self) == 0;
    free(file);
    return error;
}

DWORD event_source_remove(const wchar_t *name, const wchar_t *self) {
    bool own;
    DWORD error = is_own(self, &own);
    if (error != ERROR_SUCCESS || !own) return error;
    wchar_t *other;
    error = find_other(name, self, &other);
    if (error != ERROR_SUCCESS) return error;
    /* This program's folder may be gone soon: the texts are the other one's from now on. */
    error = other != NULL ? event_source_add(other) : (DWORD)RegDeleteKeyW(HKEY_LOCAL_MACHINE, SOURCE_KEY);
    free(other);
    return error;
}
