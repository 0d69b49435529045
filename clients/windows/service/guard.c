/*
 * The data directory, which only SYSTEM, the administrators and the service's account may touch.
 *
 * Anybody may make folders below ProgramData, so one that is there already may have been laid out as a trap, with links
 * to what its maker may not touch, or with a configuration. It is taken over only if nothing in it is a link, has a
 * second name, or is owned by somebody else. Nothing here follows a link.
 */
#include "homing-service.h"

#include <aclapi.h>
#include <sddl.h>
#include <stdlib.h>
#include <wchar.h>

static bool is_link(DWORD attributes) { return (attributes & FILE_ATTRIBUTE_REPARSE_POINT) != 0; }

/* Without these an administrator cannot take over what somebody else owns; failing to get them shows later. */
static void enable_privilege(const wchar_t *name) {
    HANDLE token;
    TOKEN_PRIVILEGES wanted = {.PrivilegeCount = 1, .Privileges = {{.Attributes = SE_PRIVILEGE_ENABLED}}};
    if (!LookupPrivilegeValueW(NULL, name, &wanted.Privileges[0].Luid)) return;
    if (!OpenProcessToken(GetCurrentProcess(), TOKEN_ADJUST_PRIVILEGES, &token)) return;
    AdjustTokenPrivileges(token, FALSE, &wanted, 0, NULL, NULL);
    CloseHandle(token);
}

/* Makes a directory with the folders above it that are missing; only it gets the access list. */
static DWORD make_directory(const wchar_t *path, SECURITY_ATTRIBUTES *access) {
    if (CreateDirectoryW(path, access)) return ERROR_SUCCESS;
    DWORD error = GetLastError();
    const wchar_t *last = wcsrchr(path, L'\\');
    if (error != ERROR_PATH_NOT_FOUND || last == NULL || last - path < 3) return error;
    wchar_t *above = text_format(L"%.*ls", (int)(last - path), path);
    error = make_directory(above, NULL);
    free(above);
    if (error != ERROR_SUCCESS && error != ERROR_ALREADY_EXISTS) return error;
    return CreateDirectoryW(path, access) ? ERROR_SUCCESS : GetLastError();
}

/* Calls `visit` for all that is in a directory, until one fails. */
static DWORD each_entry(const wchar_t *path, DWORD (*visit)(const wchar_t *path, void *context), void *context) {
    wchar_t *pattern = path_below(path, L"*");
    WIN32_FIND_DATAW found;
    HANDLE search = FindFirstFileW(pattern, &found);
    DWORD error = search == INVALID_HANDLE_VALUE ? GetLastError() : ERROR_SUCCESS;
    free(pattern);
    if (search == INVALID_HANDLE_VALUE) return error;
    do {
        if (wcscmp(found.cFileName, L".") == 0 || wcscmp(found.cFileName, L"..") == 0) continue;
        wchar_t *below = path_below(path, found.cFileName);
        error = visit(below, context);
        free(below);
    } while (error == ERROR_SUCCESS && FindNextFileW(search, &found));
    FindClose(search);
    return error;
}

/* Who may own what is taken over: SYSTEM, the administrators, whoever installs, and the service. */
struct owners {
    PSID account;
    TOKEN_USER *self;
    PSID administrators; /* inside a security descriptor */
    bool inside;         /* of a folder whose owner was found to be one of them */
};

static bool is_trusted(PSID owner, const struct owners *owners) {
    return IsWellKnownSid(owner, WinLocalSystemSid) || IsWellKnownSid(owner, WinBuiltinAdministratorsSid) ||
           EqualSid(owner, owners->account) || (owners->self != NULL && EqualSid(owner, owners->self->User.Sid)) ||
           /* State and log of an agent that ran as a scheduled task, or where there were no virtual accounts. */
           (owners->inside && IsWellKnownSid(owner, WinLocalServiceSid));
}

/* A file with another name somewhere else would have its access list changed there too. */
static DWORD check_names(const wchar_t *path) {
    HANDLE file =
        CreateFileW(path, FILE_READ_ATTRIBUTES, FILE_SHARE_READ | FILE_SHARE_WRITE | FILE_SHARE_DELETE, NULL,
                    OPEN_EXISTING, FILE_FLAG_BACKUP_SEMANTICS | FILE_FLAG_OPEN_REPARSE_POINT, NULL);
    if (file == INVALID_HANDLE_VALUE) return GetLastError();
    BY_HANDLE_FILE_INFORMATION about;
    DWORD error = GetFileInformationByHandle(file, &about) ? ERROR_SUCCESS : GetLastError();
    CloseHandle(file);
    return error != ERROR_SUCCESS || about.nNumberOfLinks < 2 ? error : ERROR_CANT_ACCESS_FILE;
}

/* Fails if it, or anything in it, is a link or belongs to somebody else. */
static DWORD check_entry(const wchar_t *path, void *context) {
    struct owners *owners = context;
    DWORD attributes = GetFileAttributesW(path);
    if (attributes == INVALID_FILE_ATTRIBUTES) return GetLastError();
    if (is_link(attributes)) return ERROR_CANT_ACCESS_FILE;
    bool folder = (attributes & FILE_ATTRIBUTE_DIRECTORY) != 0;
    PSID owner = NULL;
    PSECURITY_DESCRIPTOR descriptor = NULL;
    DWORD error =
        GetNamedSecurityInfoW(path, SE_FILE_OBJECT, OWNER_SECURITY_INFORMATION, &owner, NULL, NULL, NULL, &descriptor);
    if (error != ERROR_SUCCESS) return error;
    bool trusted = owner != NULL && is_trusted(owner, owners);
    LocalFree(descriptor);
    if (!trusted) return ERROR_INVALID_OWNER;
    owners->inside = true;
    return folder ? each_entry(path, check_entry, owners) : check_names(path);
}

/* Leaves an entry, and all below it, nothing but what it inherits. */
static DWORD reset_entry(const wchar_t *path, void *context) {
    const struct owners *owners = context;
    ACL none;
    if (!InitializeAcl(&none, sizeof none, ACL_REVISION)) return GetLastError();
    const SECURITY_INFORMATION what =
        OWNER_SECURITY_INFORMATION | DACL_SECURITY_INFORMATION | UNPROTECTED_DACL_SECURITY_INFORMATION;
    /* The prototype is older than const. */
    DWORD error =
        SetNamedSecurityInfoW((wchar_t *)path, SE_FILE_OBJECT, what, owners->administrators, NULL, &none, NULL);
    if (error != ERROR_SUCCESS) return error;
    DWORD attributes = GetFileAttributesW(path);
    if (attributes == INVALID_FILE_ATTRIBUTES) return GetLastError();
    return (attributes & FILE_ATTRIBUTE_DIRECTORY) == 0 ? ERROR_SUCCESS : each_entry(path, reset_entry, context);
}

static TOKEN_USER *find_self(void) {
    HANDLE token;
    DWORD size = 0;
    if (!OpenProcessToken(GetCurrentProcess(), TOKEN_QUERY, &token)) return NULL;
    GetTokenInformation(token, TokenUser, NULL, 0, &size);
    TOKEN_USER *user = size == 0 ? NULL : malloc(size);
    if (user != NULL && !GetTokenInformation(token, TokenUser, user, size, &size)) {
        free(user);
        user = NULL;
    }
    CloseHandle(token);
    return user;
}

static DWORD take_over(const wchar_t *path, PSID account, PSECURITY_DESCRIPTOR descriptor) {
    struct owners owners = {.account = account, .self = find_self()};
    PACL list = NULL;
    BOOL present, defaulted;
    enable_privilege(L"SeTakeOwnershipPrivilege");
    enable_privilege(L"SeRestorePrivilege");
    DWORD error = ERROR_SUCCESS;
    if (!GetSecurityDescriptorOwner(descriptor, &owners.administrators, &defaulted) ||
        !GetSecurityDescriptorDacl(descriptor, &present, &list, &defaulted))
        error = GetLastError();
    const SECURITY_INFORMATION what =
        OWNER_SECURITY_INFORMATION | DACL_SECURITY_INFORMATION | PROTECTED_DACL_SECURITY_INFORMATION;
    if (error == ERROR_SUCCESS) error = check_entry(path, &owners);
    if (error == ERROR_SUCCESS)
        error = SetNamedSecurityInfoW((wchar_t *)path, SE_FILE_OBJECT, what, owners.administrators, NULL, list, NULL);
    if (error == ERROR_SUCCESS) error = each_entry(path, reset_entry, &owners);
    free(owners.self);
    return error;
}

DWORD guard_directory(const wchar_t *path, PSID account) {
    wchar_t *sid = NULL;
    if (!ConvertSidToStringSidW(account, &sid)) return GetLastError();
    /* FA: everything; 0x1301bf: read, write, delete, but neither owner nor access list. */
    wchar_t *access = text_format(L"O:BAD:PAI(A;OICI;FA;;;SY)(A;OICI;FA;;;BA)(A;OICI;0x1301bf;;;%ls)", sid);
    LocalFree(sid);
    PSECURITY_DESCRIPTOR descriptor = NULL;
    BOOL made = ConvertStringSecurityDescriptorToSecurityDescriptorW(access, SDDL_REVISION_1, &descriptor, NULL);
    DWORD error = made ? ERROR_SUCCESS : GetLastError();
    free(access);
    if (error != ERROR_SUCCESS) return error;
    SECURITY_ATTRIBUTES attributes = {sizeof attributes, descriptor, FALSE};
    error = make_directory(path, &attributes);
    if (error == ERROR_ALREADY_EXISTS) error = take_over(path, account, descriptor);
    LocalFree(descriptor);
    return error;
}

static DWORD purge_entry(const wchar_t *path, void *context) {
    (void)context;
    return guard_purge(path);
}

DWORD guard_purge(const wchar_t *path) {
    DWORD attributes = GetFileAttributesW(path);
    if (attributes == INVALID_FILE_ATTRIBUTES) {
        DWORD error = GetLastError();
        return error == ERROR_FILE_NOT_FOUND || error == ERROR_PATH_NOT_FOUND ? ERROR_SUCCESS : error;
    }
    if ((attributes & FILE_ATTRIBUTE_READONLY) != 0) SetFileAttributesW(path, FILE_ATTRIBUTE_NORMAL);
    if ((attributes & FILE_ATTRIBUTE_DIRECTORY) == 0) return DeleteFileW(path) ? ERROR_SUCCESS : GetLastError();
    DWORD error = is_link(attributes) ? ERROR_SUCCESS : each_entry(path, purge_entry, NULL);
    if (error != ERROR_SUCCESS) return error;
    return RemoveDirectoryW(path) ? ERROR_SUCCESS : GetLastError();
}
