/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * The log and the two ways out of the impossible. A line is composed first and
 * written by one write(2), so that lines of several processes do not mix.
 */
#include "base/log.h"

#include <fcntl.h>
#include <stdarg.h>
#include <stdint.h>
#include <unistd.h>

static enum sf_log_level log_level = SF_LOG_INFO;
static void (*die_hook)(void);

void sf_log_guard_streams(void)
{
	/* What cannot be written to still says that it failed. */
	for (int fd = 0; fd <= STDERR_FILENO; fd++)
		if (fcntl(fd, F_GETFD) < 0)
			(void)!open("/dev/null", O_RDONLY);
}

void sf_log_set_level(enum sf_log_level level)
{
	log_level = level;
}

void sf_log_set_die_hook(void (*hook)(void))
{
	die_hook = hook;
}

static void write_line(const char *format, va_list args)
{
	char line[512] = "sfchat: ";
	size_t prefix = strlen(line);
	size_t room = sizeof(line) - prefix - 1;
	int length = vsnprintf(line + prefix, room, format, args);

	if (length < 0)
		return;
	if ((size_t)length >= room)
		length = (int)room - 1;
	line[prefix + (size_t)length] = '\n';
	/* There is nobody left to tell that the log cannot be written. */
	if (write(STDERR_FILENO, line, prefix + (size_t)length + 1) < 0)
		return;
}

void sf_log(enum sf_log_level level, const char *format, ...)
{
	va_list args;

	if (level > log_level)
		return;
	va_start(args, format);
	write_line(format, args);
	va_end(args);
}

void sf_die(const char *format, ...)
{
	void (*hook)(void) = die_hook;
	va_list args;

	va_start(args, format);
	write_line(format, args);
	va_end(args);
	die_hook = NULL;
	if (hook)
		hook();
	_exit(1);
}

void *sf_alloc(size_t size)
{
	return sf_realloc(NULL, size, 1);
}

void *sf_realloc(void *old, size_t count, size_t size)
{
	void *new;

	if (size != 0 && count > SIZE_MAX / size)
		sf_die("a size does not fit into memory");
	/* Of size 0, NULL would be a right answer too, and hide a failure. */
	new = realloc(old, count > 0 && size > 0 ? count * size : 1);
	if (!new)
		sf_die("out of memory");
	return new;
}

char *sf_strdup(const char *text)
{
	size_t size = strlen(text) + 1;

	return memcpy(sf_alloc(size), text, size);
}
