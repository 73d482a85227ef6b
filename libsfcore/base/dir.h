/* SPDX-License-Identifier: BSD-3-Clause */
/* Folders whose files no other user of the machine may read. */
#ifndef SF_DIR_H
#define SF_DIR_H

#include "base/err.h"

/*
 * Checks that `path` is a folder of this user that no other user may use.
 * SF_ERR_NOT_FOUND: there is nothing of that name. SF_ERR_UNAVAILABLE: it is
 * another thing, or other users may use it; the log names it and the fault.
 */
enum sf_err sf_dir_check(const char *path) SF_MUST_CHECK;

/*
 * Makes the folder `path` with mode 0700 if it is missing; its parent must
 * exist. SF_ERR_UNAVAILABLE: the folder cannot be made, or belongs to another
 * user, or other users may use it; the log names the folder and the fault.
 */
enum sf_err sf_dir_prepare(const char *path) SF_MUST_CHECK;

#endif
