/* SPDX-License-Identifier: BSD-3-Clause */
/* The address of Redis, read from one line of text. Looks up no host name. */
#ifndef SF_REDIS_ADDRESS_H
#define SF_REDIS_ADDRESS_H

#include "base/err.h"

#include <stdbool.h>
#include <sys/socket.h>

#define SF_REDIS_HOST_MAX 254
#define SF_REDIS_USER_MAX 128
#define SF_REDIS_PASSWORD_MAX 128
#define SF_REDIS_CA_FILE_MAX 512

struct sf_redis_address {
	/* If `is_name` is set, only the port and an address of zeros. */
	struct sockaddr_storage socket;
	socklen_t socket_size; /* 0: there is no Redis */
	/* The host as it was written, without brackets; "": a Unix socket. */
	char host[SF_REDIS_HOST_MAX];
	bool is_name; /* `host` has to be looked up */
	bool has_tls;
	int database;
	char user[SF_REDIS_USER_MAX];         /* "": Redis' default user */
	char password[SF_REDIS_PASSWORD_MAX]; /* "": no password */
	/* TLS trusts this file in PEM; "": the authorities of the system. */
	char ca_file[SF_REDIS_CA_FILE_MAX];
};

/*
 * Reads "unix:PATH" or "redis://[USER][:PASSWORD@]HOST[:PORT][/DATABASE]", and
 * the same with "rediss://", which means TLS. HOST is an IPv4 address, an IPv6
 * address in brackets, or a host name; localhost means 127.0.0.1. USER and
 * PASSWORD may contain escapes such as %41. Empties `ca_file`. SF_ERR_INVALID:
 * the text has no such form.
 */
enum sf_err sf_redis_address_parse(
	const char *text, struct sf_redis_address *out) SF_MUST_CHECK;

#endif
