/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Reads a file of settings. scripts/settings-file reads the same form.
 */
#include "base/settings_file.h"

#include "base/mem.h"

#include <ctype.h>
#include <errno.h>
#include <fcntl.h>
#include <stdbool.h>
#include <unistd.h>

/* A carriage return too: some editors end each line with one. */
static const char blanks[] = " \t\r";

struct line {
	const char *path;
	size_t number; /* the first is 1 */
	char *text;
	size_t length; /* that of `text`, unless this holds a NUL */
};

static enum sf_err refuse_line(const struct line *line,
	struct sf_detail *detail, const char *name, const char *reason)
{
	return sf_detail_set(detail, SF_ERR_INVALID, "%.64s: line %zu: %.32s%s",
		line->path, line->number, name, reason);
}

static enum sf_err refuse_file(
	struct sf_detail *detail, const char *path, const char *reason)
{
	return sf_detail_set(detail, SF_ERR_INVALID,
		"SFCHAT_CONF: cannot read %.64s: %s", path, reason);
}

/* Returns the number of bytes that were read, or -1. */
static ssize_t read_all(int fd, char *buffer, size_t size)
{
	size_t done = 0;
	ssize_t got = 1;

	while (done < size && got > 0) {
		got = read(fd, buffer + done, size - done);
		if (got < 0 && errno == EINTR)
			got = 1;
		else if (got > 0)
			done += (size_t)got;
	}
	return got < 0 ? -1 : (ssize_t)done;
}

/* Reads the file into a text of its own, which ends with a NUL. */
static enum sf_err read_text(struct sf_settings_file *out, const char *path,
	size_t *length, struct sf_detail *detail)
{
	int fd = open(path, O_RDONLY | O_CLOEXEC | O_NOCTTY);
	ssize_t got;

	if (fd < 0) {
		enum sf_err err =
			errno == ENOENT ? SF_ERR_NOT_FOUND : SF_ERR_INVALID;

		(void)refuse_file(detail, path, strerror(errno));
		return err;
	}
	out->text = sf_alloc(SF_SETTINGS_FILE_MAX + 1);
	got = read_all(fd, out->text, SF_SETTINGS_FILE_MAX + 1);
	(void)close(fd);
	if (got < 0)
		return refuse_file(detail, path, strerror(errno));
	if (got > SF_SETTINGS_FILE_MAX)
		return refuse_file(
			detail, path, "at most 64 KiB were expected");
	out->text[got] = '\0';
	*length = (size_t)got;
	return SF_OK;
}

static bool has_controls(const char *text)
{
	for (; *text; text++)
		if (iscntrl((unsigned char)*text) && *text != '\t')
			return true;
	return false;
}

/* Cuts the line into the name and the value. Returns NULL if it cannot. */
static char *cut_value(const struct line *line)
{
	char *end = line->text;

	if (isdigit((unsigned char)*end))
		return NULL;
	while (isalnum((unsigned char)*end) || *end == '_')
		end++;
	if (end == line->text || *end != '=')
		return NULL;
	*end++ = '\0';
	return end + strspn(end, blanks);
}

static enum sf_err take_value(struct sf_settings_file *file,
	const struct line *line, const char *value, struct sf_detail *detail)
{
	size_t i = 0;

	while (file->names[i] && strcmp(file->names[i], line->text) != 0)
		i++;
	if (!file->names[i])
		return refuse_line(
			line, detail, line->text, ": there is no such setting");
	if (file->values[i])
		return refuse_line(line, detail, line->text,
			": an earlier line sets it too");
	if (*value == '"' || *value == '\'')
		return refuse_line(line, detail, line->text,
			": a value without quotes was expected");
	file->values[i] = value;
	return SF_OK;
}

static enum sf_err take_line(struct sf_settings_file *file,
	const struct line *line, struct sf_detail *detail)
{
	size_t length = strlen(line->text);
	const char *start = line->text + strspn(line->text, blanks);
	char *value = NULL;

	if (length == line->length) {
		if (*start == '\0' || *start == '#')
			return SF_OK;
		while (strchr(blanks, line->text[length - 1]))
			line->text[--length] = '\0';
		if (!has_controls(line->text))
			value = cut_value(line);
	}
	if (!value)
		return refuse_line(line, detail, "", "NAME=value was expected");
	return take_value(file, line, value, detail);
}

enum sf_err sf_settings_file_read(struct sf_settings_file *out,
	const char *path, const char *const *names, struct sf_detail *detail)
{
	struct line line = { .path = path };
	size_t length = 0;
	enum sf_err err;
	char *end;

	*out = (struct sf_settings_file){ .names = names };
	err = read_text(out, path, &length, detail);
	if (err)
		return err;
	end = out->text + length;
	for (char *next = out->text; !err && next < end;
		next = line.text + line.length + 1) {
		char *stop = memchr(next, '\n', (size_t)(end - next));

		if (stop)
			*stop = '\0';
		line.text = next;
		line.length = (size_t)((stop ? stop : end) - next);
		line.number++;
		err = take_line(out, &line, detail);
	}
	return err;
}

const char *sf_settings_file_get(
	const struct sf_settings_file *file, const char *name)
{
	for (size_t i = 0; file->names[i]; i++)
		if (strcmp(file->names[i], name) == 0)
			return file->values[i];
	return NULL;
}

void sf_settings_file_release(struct sf_settings_file *file)
{
	free(file->text);
}
