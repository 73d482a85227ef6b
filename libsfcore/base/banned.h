/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Functions that are easy to get wrong and have a safe sibling. Naming one of
 * them in this project is a compile error.
 */
#ifndef SF_BANNED_H
#define SF_BANNED_H

/*
 * Include the headers that declare these functions first: the pragma would
 * refuse the declarations.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

/*
 * With _FORTIFY_SOURCE, clang sees these two as macros, and a macro cannot be
 * poisoned.
 */
#undef sprintf
#undef vsprintf
#pragma GCC poison strcpy strcat strncpy strncat sprintf vsprintf
#pragma GCC poison strtok gmtime localtime ctime asctime gets

#endif
