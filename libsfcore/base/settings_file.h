/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * A file of settings: lines NAME=value (PROTOCOL, "Configuration"). Knows the
 * form of the file, not the settings.
 */
#ifndef SF_SETTINGS_FILE_H
#define SF_SETTINGS_FILE_H

#include "base/err.h"

#include <stddef.h>

#define SF_SETTINGS_FILE_MAX 65536 /* the most bytes of a file */
#define SF_SETTINGS_MAX 64         /* the most names */

struct sf_settings_file {
	char *text; /* of the file; `values` points into it */
	const char *const *names;
	/* The value of each name; NULL: the file does not have the name. */
	const char *values[SF_SETTINGS_MAX];
};

/*
 * Reads the file at `path`, which may set the `names`; NULL ends these.
 * SF_ERR_NOT_FOUND: there is no such file. SF_ERR_INVALID: the file cannot be
 * read, or a line cannot be used; `detail` names the file, the line and the
 * setting, never the value. The caller calls sf_settings_file_release(), also
 * after an error.
 */
enum sf_err sf_settings_file_read(struct sf_settings_file *out,
	const char *path, const char *const *names,
	struct sf_detail *detail) SF_MUST_CHECK;

/* Returns the value of `name`, or NULL if the file does not have it. */
const char *sf_settings_file_get(
	const struct sf_settings_file *file, const char *name);

void sf_settings_file_release(struct sf_settings_file *file);

#endif
