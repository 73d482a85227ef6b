/* SPDX-License-Identifier: BSD-3-Clause */
/* Folders whose files no other user of the machine may read. */
#ifndef SF_DIR_H
#define SF_DIR_H

#include "base/err.h"

/*
 * Makes the folder `path` with mode 0700 if it is missing; its parent must
 * exist. SF_ERR_UNAVAILABLE: the folder cannot be made, or belongs to another
 * user, or other users may use it; the log names the folder and the fault.
 */
enum sf_err sf_dir_prepare(const char *path) SF_MUST_CHECK;

#endif
