/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * The SCGI protocol (Neil Schemenauer, 2006): the variables of a CGI request,
 * then its body, over a connection instead of an environment and a pipe.
 */
#ifndef SF_SCGI_H
#define SF_SCGI_H

#include "http/http.h"

#define SF_SCGI_HEADER_MAX 65536

/*
 * Reads the header from the connection `fd` into `out` and leaves the body
 * unread. The variables live until the process ends. SF_ERR_INVALID: the bytes
 * are not an SCGI header, or the header is over SF_SCGI_HEADER_MAX bytes, or
 * the next bytes do not arrive within SF_HTTP_BODY_TIMEOUT_MS.
 */
enum sf_err sf_scgi_read(int fd, struct sf_request *out) SF_MUST_CHECK;

#endif
