/* SPDX-License-Identifier: BSD-3-Clause */
/* Ends the process in an impossible state, or without memory. */
#ifndef SF_DIE_H
#define SF_DIE_H

/* Registers a hook that sf_die() calls to send a last reply. */
void sf_die_set_hook(void (*hook)(void));

/* Logs the formatted text, runs the hook and ends the process with status 1. */
_Noreturn void sf_die(const char *format, ...)
	__attribute__((format(printf, 1, 2)));

#endif
