/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Functions that are easy to get wrong and have a safe sibling. Naming one of
 * them in this project is a compile error.
 */
#ifndef SF_BANNED_H
#define SF_BANNED_H

/* The headers that declare them come first, or the poison would hit those. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

/* Fortified, these two are macros for clang, which cannot be poisoned. */
#undef sprintf
#undef vsprintf
#pragma GCC poison strcpy strcat strncpy strncat sprintf vsprintf
#pragma GCC poison strtok gmtime localtime ctime asctime gets

#endif
