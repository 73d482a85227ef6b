/* SPDX-License-Identifier: BSD-3-Clause */
/* Folders whose files no other user of the machine may read. */
#ifndef SF_DIR_H
#define SF_DIR_H

#include "base/err.h"

/*
 * Makes the folder `path` with mode 0700 if it is missing; its parent must
 * exist. SF_ERR_UNAVAILABLE: it cannot be made, or another user owns it, or
 * other users may enter it; the log says which.
 */
enum sf_err sf_dir_prepare(const char *path) SF_MUST_CHECK;

#endif
