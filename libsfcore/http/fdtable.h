/* SPDX-License-Identifier: BSD-3-Clause */
/* The process's table of open files, as the memory that it takes. */
#ifndef SF_FDTABLE_H
#define SF_FDTABLE_H

#include "base/err.h"

/*
 * Makes the table as small as what is open allows. That of a CGI program is as
 * large as its web server's at the fork, 64 KiB for 8,000 open files, and stays
 * so: too much for a process that only waits. Where it can't be, it stays.
 */
void sf_fdtable_shrink(void);

#endif
