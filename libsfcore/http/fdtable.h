/* SPDX-License-Identifier: BSD-3-Clause */
/* The memory of the process's table of open files. */
#ifndef SF_FDTABLE_H
#define SF_FDTABLE_H

#include "base/err.h"

/*
 * Makes the table as small as the open descriptors allow. A CGI program
 * inherits a table as large as the web server's, 64 KiB for 8,000 open files,
 * which is too much for a process that only waits. After a failure the table is
 * as large as before.
 */
void sf_fdtable_shrink(void);

#endif
