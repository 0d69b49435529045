/*
 * The service host: what its parts know of each other.
 *
 * Invariants: text is UTF-16 everywhere inside, UTF-8 in files and on standard output; no shell is ever started; a path
 * that goes into a command line is quoted by `text_quote` and nothing else.
 */
#ifndef HOMING_SERVICE_H
#define HOMING_SERVICE_H

#ifndef UNICODE
#define UNICODE
#endif
#ifndef _UNICODE
#define _UNICODE
#endif
#define WIN32_LEAN_AND_MEAN

#include <windows.h>
#include <stdbool.h>
#include <stddef.h>

/* Exit codes; the last one is that of sysexits.h, as the agent has it. */
enum { EXIT_DONE = 0, EXIT_FAILED = 1, EXIT_NOT_INSTALLED = 3, EXIT_USAGE = 64 };

/* Ids in the message table (resources/events.mc) that the host itself reports; the others are the agent's. */
enum { EVENT_AGENT_ENDED = 1500, EVENT_AGENT_NOT_STARTED = 1501 };

#define EVENT_SOURCE L"Homing Agent"
#define DEFAULT_NAME L"HomingAgent"

/* What the command line says. Paths are absolute. */
struct options {
    const wchar_t *name;    /* of the service */
    const wchar_t *data;    /* the agent's data directory, NULL where it was not given */
    const wchar_t *agent;   /* the program to run, NULL where it was not given */
    const wchar_t *command; /* its arguments as one line, NULL for those of the agent */
    bool no_start;          /* install only */
    bool purge;             /* uninstall: the data directory too */
};

/* text.c: growing text, and words for people. An allocation that fails ends the process. */
struct text {
    wchar_t *chars; /* ends with a zero; NULL while nothing was added */
    size_t length;
    size_t capacity;
};
void text_add(struct text *text, const wchar_t *more);
void text_quote(struct text *text, const wchar_t *argument); /* as CommandLineToArgvW reads it back */
void text_free(struct text *text);
wchar_t *text_format(const wchar_t *format, ...); /* caller frees */
wchar_t *path_below(const wchar_t *folder, const wchar_t *name);
wchar_t *path_absolute(const wchar_t *path); /* NULL: see GetLastError */
wchar_t *path_of_self(void);
void say(const wchar_t *format, ...);              /* a line on standard output */
int fail(DWORD error, const wchar_t *format, ...); /* a line on standard error; EXIT_FAILED */
wchar_t *error_words(DWORD error);

/* bytes.c: whole files (`-` is standard input or output), UTF-8, secrets, events. */
struct bytes {
    BYTE *data;
    DWORD length;
};
bool bytes_read(const wchar_t *path, DWORD limit, struct bytes *bytes); /* false: see GetLastError */
bool bytes_write(const wchar_t *path, const void *data, DWORD length);
void bytes_free(struct bytes *bytes); /* overwrites them first */
int secret_protect(const wchar_t *in, const wchar_t *out);
int secret_unprotect(const wchar_t *in, const wchar_t *out);
bool event_report(DWORD id, WORD type, const wchar_t *message);
int event_command(const wchar_t *id, const wchar_t *kind, const wchar_t *file);

/* guard.c: what only administrators and the service may touch. They return a Windows error code. */
DWORD guard_directory(const wchar_t *path, PSID account);
DWORD guard_purge(const wchar_t *path); /* does not follow links */

/* source.c: the source of the Event Log; `host` and `self` are service hosts. They return a Windows error code. */
DWORD event_source_add(const wchar_t *host);
DWORD event_source_remove(const wchar_t *name, const wchar_t *self); /* as far as no other service needs it */

/* setup.c: commands that talk to the service manager; they return exit codes. */
int setup_install(const struct options *options);
int setup_uninstall(const struct options *options, const wchar_t *self); /* `self`: the service host */
int setup_start(const struct options *options);
int setup_stop(const struct options *options);
int setup_query(const struct options *options);

/* host.c: the service itself; returns when it has ended. */
int host_run(const struct options *options);

#endif
