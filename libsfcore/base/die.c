/* SPDX-License-Identifier: BSD-3-Clause */
/* Ends the process after a last line in the log and a last reply. */
#include "base/die.h"

#include <stdarg.h>
#include <unistd.h>

#include "base/log.h"

static void (*die_hook)(void);

void sf_die_set_hook(void (*hook)(void))
{
	die_hook = hook;
}

void sf_die(const char *format, ...)
{
	void (*hook)(void) = die_hook;
	va_list args;

	va_start(args, format);
	sf_log_write(SF_LOG_CRITICAL, format, args);
	va_end(args);
	/* If the hook itself dies, it must not run again. */
	die_hook = NULL;
	if (hook)
		hook();
	_exit(1);
}
