/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Writes one line per event to standard error. Callers never pass a token, a
 * message or an address.
 */
#ifndef SF_LOG_H
#define SF_LOG_H

#include "base/err.h"

#include <stdarg.h>

/*
 * Opens /dev/null in the place of a closed standard input, output or error, so
 * that no other file gets its number and receives the log or a reply. A program
 * calls this first.
 */
void sf_log_guard_streams(void);

/*
 * The levels of lines, as syslog(3) numbers them. If standard error goes to
 * journald, which the variable JOURNAL_STREAM says (systemd.exec(5)), a line
 * begins with its level: sd-daemon(3), "<3>".
 */
enum sf_log_level {
	SF_LOG_CRITICAL = 2, /* the program ends */
	SF_LOG_ERROR = 3,    /* something did not work */
	SF_LOG_WARNING = 4,  /* something may be done twice, or late */
	SF_LOG_INFO = 6      /* the normal course of things */
};

/* Writes "sfchat: " and the formatted text as one line, an error. */
void sf_log(const char *format, ...) __attribute__((format(printf, 1, 2)));

/* The same, for a line of any level. */
void sf_log_at(enum sf_log_level level, const char *format, ...)
	__attribute__((format(printf, 2, 3)));

/*
 * Logs that the system refused a call on `what`, with the text of errno, and
 * returns SF_ERR_UNAVAILABLE.
 */
enum sf_err sf_log_errno(const char *what);

/* Writes a line as sf_log_at() does. */
void sf_log_write(enum sf_log_level level, const char *format, va_list args)
	__attribute__((format(printf, 2, 0)));

#endif
