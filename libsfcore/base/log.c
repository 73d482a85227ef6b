/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Composes each line first and writes it by one write(2), so that the lines of
 * several processes do not mix.
 */
#include "base/log.h"

#include <errno.h>
#include <fcntl.h>
#include <stdbool.h>
#include <stdint.h>
#include <sys/stat.h>
#include <unistd.h>

void sf_log_guard_streams(void)
{
	/* Open read-only, so that a write to it fails instead of vanishing. */
	for (int fd = 0; fd <= STDERR_FILENO; fd++)
		if (fcntl(fd, F_GETFD) < 0)
			(void)!open("/dev/null", O_RDONLY);
}

/* Returns whether JOURNAL_STREAM, "device:inode", is standard error. */
static bool is_journal(void)
{
	const char *stream = getenv("JOURNAL_STREAM");
	struct stat status;
	char own[48];

	if (!stream || fstat(STDERR_FILENO, &status) != 0)
		return false;
	(void)snprintf(own, sizeof(own), "%ju:%ju", (uintmax_t)status.st_dev,
		(uintmax_t)status.st_ino);
	return strcmp(stream, own) == 0;
}

void sf_log_write(enum sf_log_level level, const char *format, va_list args)
{
	char line[512] = "";
	size_t prefix;
	size_t room;
	int length;

	if (is_journal())
		(void)snprintf(line, sizeof(line), "<%d>", (int)level);
	prefix = strlen(line);
	(void)snprintf(line + prefix, sizeof(line) - prefix, "sfchat: ");
	prefix = strlen(line);
	room = sizeof(line) - prefix - 1;
	length = vsnprintf(line + prefix, room, format, args);
	if (length < 0)
		return;
	if ((size_t)length >= room)
		length = (int)room - 1;
	line[prefix + (size_t)length] = '\n';
	/* A failed write to the log cannot be reported anywhere. */
	if (write(STDERR_FILENO, line, prefix + (size_t)length + 1) < 0)
		return;
}

void sf_log(const char *format, ...)
{
	va_list args;

	va_start(args, format);
	sf_log_write(SF_LOG_ERROR, format, args);
	va_end(args);
}

void sf_log_at(enum sf_log_level level, const char *format, ...)
{
	va_list args;

	va_start(args, format);
	sf_log_write(level, format, args);
	va_end(args);
}

enum sf_err sf_log_errno(const char *what)
{
	sf_log("%s: %s", what, strerror(errno));
	return SF_ERR_UNAVAILABLE;
}
