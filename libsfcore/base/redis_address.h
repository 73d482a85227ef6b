/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * The address of Redis, read from one line of text. No host name but localhost
 * is accepted: looking up a name could take seconds at the start of every
 * program.
 */
#ifndef SF_REDIS_ADDRESS_H
#define SF_REDIS_ADDRESS_H

#include "base/err.h"

#include <sys/socket.h>

#define SF_REDIS_PASSWORD_MAX 128

struct sf_redis_address {
	struct sockaddr_storage socket;
	socklen_t socket_size; /* 0: there is no Redis */
	int database;
	char password[SF_REDIS_PASSWORD_MAX]; /* "": no password */
};

/*
 * Reads "unix:PATH" or "redis://[:PASSWORD@]ADDRESS[:PORT][/DATABASE]". ADDRESS
 * is an IPv4 address, an IPv6 address in brackets, or localhost, which means
 * 127.0.0.1. PASSWORD may contain escapes such as %41. SF_ERR_INVALID: the text
 * has neither form.
 */
enum sf_err sf_redis_address_parse(
	const char *text, struct sf_redis_address *out) SF_MUST_CHECK;

#endif
