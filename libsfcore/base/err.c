/* SPDX-License-Identifier: BSD-3-Clause */
/* Composes the text of a refusal. Does not know the HTTP status of an error. */
#include "base/err.h"

#include <stdarg.h>

enum sf_err sf_detail_set(
	struct sf_detail *detail, enum sf_err err, const char *format, ...)
{
	va_list args;

	va_start(args, format);
	(void)vsnprintf(detail->text, sizeof(detail->text), format, args);
	va_end(args);
	return err;
}
