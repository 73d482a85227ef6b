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

/* Writes "sfchat: " and the formatted text as one line. */
void sf_log(const char *format, ...) __attribute__((format(printf, 1, 2)));

/*
 * Logs that the system refused a call on `what`, with the text of errno, and
 * returns SF_ERR_UNAVAILABLE.
 */
enum sf_err sf_log_errno(const char *what);

/* Writes a line as sf_log() does. */
void sf_log_write(const char *format, va_list args)
	__attribute__((format(printf, 1, 0)));

#endif
