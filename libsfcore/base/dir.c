/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Private folders. The default folder is in a place where every user may write,
 * so sf_dir_check() refuses a folder that another user may have made.
 */
#include "base/dir.h"

#include <errno.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/log.h"

enum sf_err sf_dir_check(const char *path)
{
	struct stat status;

	if (lstat(path, &status) != 0)
		return errno == ENOENT ? SF_ERR_NOT_FOUND : sf_log_errno(path);
	if (!S_ISDIR(status.st_mode) || status.st_uid != geteuid() ||
		(status.st_mode & 077) != 0) {
		sf_log("%s: must be a folder of mode 0700 that belongs to "
		       "this user",
			path);
		return SF_ERR_UNAVAILABLE;
	}
	return SF_OK;
}

enum sf_err sf_dir_prepare(const char *path)
{
	enum sf_err err = sf_dir_check(path);

	if (err != SF_ERR_NOT_FOUND)
		return err;
	if (mkdir(path, 0700) != 0 && errno != EEXIST)
		return sf_log_errno(path);
	err = sf_dir_check(path);
	/* Somebody has removed it in the meantime. */
	return err == SF_ERR_NOT_FOUND ? sf_log_errno(path) : err;
}
