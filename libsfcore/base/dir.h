/* SPDX-License-Identifier: BSD-3-Clause */
/* Folders that hold what nobody else on the machine may read. */
#ifndef SF_DIR_H
#define SF_DIR_H

#include "base/err.h"

/*
 * Makes the folder path with mode 0700 if it is missing; its parent must be
 * there. SF_ERR_UNAVAILABLE, and a line in the log: it cannot be made, or is
 * somebody else's, or open to others.
 */
enum sf_err sf_dir_prepare(const char *path) SF_MUST_CHECK;

#endif
