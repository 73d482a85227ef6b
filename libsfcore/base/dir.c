/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Private folders. The default folder is in a place where everybody may write,
 * so a folder that exists already is checked before it is trusted.
 */
#include "base/dir.h"

#include <errno.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/log.h"

enum sf_err sf_dir_prepare(const char *path)
{
	struct stat status;

	if (lstat(path, &status) != 0 &&
		((mkdir(path, 0700) != 0 && errno != EEXIST) ||
			lstat(path, &status) != 0)) {
		sf_log(SF_LOG_ERROR, "%s: %s", path, strerror(errno));
		return SF_ERR_UNAVAILABLE;
	}
	if (!S_ISDIR(status.st_mode) || status.st_uid != geteuid() ||
		(status.st_mode & 077) != 0) {
		sf_log(SF_LOG_ERROR,
			"%s: must be a folder of this user's with mode 0700",
			path);
		return SF_ERR_UNAVAILABLE;
	}
	return SF_OK;
}
