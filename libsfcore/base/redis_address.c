/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * parse_credentials(), parse_host() and parse_port() read one part of the text
 * and return where the next part begins, or NULL if the part is wrong.
 */
#include "base/redis_address.h"

#include <arpa/inet.h>
#include <ctype.h>
#include <stdint.h>
#include <sys/un.h>

#include "base/hex.h"

static bool parse_number(const char *text, size_t length, int max, int *out)
{
	*out = 0;
	if (length == 0 || length > 5)
		return false;
	for (size_t i = 0; i < length; i++) {
		if (!isdigit((unsigned char)text[i]))
			return false;
		*out = *out * 10 + (text[i] - '0');
	}
	return *out <= max;
}

/* A "?" would be taken for the beginning of options, and there are none. */
static enum sf_err parse_path(const char *path, struct sf_redis_address *out)
{
	struct sockaddr_un *local = (struct sockaddr_un *)&out->socket;
	size_t size = strlen(path) + 1;

	if (path[0] != '/' || size > sizeof(local->sun_path) ||
		strchr(path, '?'))
		return SF_ERR_INVALID;
	local->sun_family = AF_UNIX;
	memcpy(local->sun_path, path, size);
	out->socket_size = sizeof(*local);
	return SF_OK;
}

/* Returns whether the text up to `end`, with its escapes, fits `out`. */
static bool unescape(const char *text, const char *end, char *out, size_t size)
{
	size_t length = 0;

	while (text < end) {
		int c = sf_hex_unescape(&text);

		if (c <= 0 || length == size - 1)
			return false;
		out[length++] = (char)c;
	}
	out[length] = '\0';
	return text == end;
}

static const char *parse_credentials(
	const char *text, struct sf_redis_address *out)
{
	const char *end = strchr(text, '@');
	const char *colon;

	if (!end)
		return text;
	colon = memchr(text, ':', (size_t)(end - text));
	if (!unescape(
		    text, colon ? colon : end, out->user, sizeof(out->user)) ||
		(colon && !unescape(colon + 1, end, out->password,
				  sizeof(out->password))))
		return NULL;
	return end + 1;
}

/* Also refuses what was meant to be an IPv4 address: no name is a number. */
static bool is_host_name(const char *host)
{
	const char *label = strrchr(host, '.');

	label = label ? label + 1 : host;
	for (const char *c = host; *c; c++)
		if (!isalnum((unsigned char)*c) && !strchr("-._", *c))
			return false;
	return isalnum((unsigned char)*host) && *label &&
	       label[strspn(label, "0123456789")] != '\0';
}

static bool read_host(bool bracket, struct sf_redis_address *out)
{
	struct sockaddr_in6 *v6 = (struct sockaddr_in6 *)&out->socket;
	struct sockaddr_in *v4 = (struct sockaddr_in *)&out->socket;

	out->socket_size = bracket ? sizeof(*v6) : sizeof(*v4);
	out->socket.ss_family = bracket ? AF_INET6 : AF_INET;
	if (bracket)
		return inet_pton(AF_INET6, out->host, &v6->sin6_addr) == 1;
	if (strcmp(out->host, "localhost") == 0) {
		v4->sin_addr.s_addr = htonl(INADDR_LOOPBACK);
		return true;
	}
	if (inet_pton(AF_INET, out->host, &v4->sin_addr) == 1)
		return true;
	out->is_name = is_host_name(out->host);
	return out->is_name;
}

static const char *parse_host(const char *text, struct sf_redis_address *out)
{
	bool bracket = *text == '[';
	size_t length;

	text += bracket;
	length = strcspn(text, bracket ? "]" : ":/");
	if (length >= sizeof(out->host) || (bracket && text[length] != ']'))
		return NULL;
	memcpy(out->host, text, length);
	return read_host(bracket, out) ? text + length + bracket : NULL;
}

static const char *parse_port(const char *text, struct sf_redis_address *out)
{
	struct sockaddr_in6 *v6 = (struct sockaddr_in6 *)&out->socket;
	struct sockaddr_in *v4 = (struct sockaddr_in *)&out->socket;
	size_t length = *text == ':' ? strcspn(text + 1, "/") : 0;
	int port = 6379;

	if (*text == ':' &&
		(!parse_number(text + 1, length, UINT16_MAX, &port) ||
			port == 0))
		return NULL;
	if (out->socket.ss_family == AF_INET6)
		v6->sin6_port = htons((uint16_t)port);
	else
		v4->sin_port = htons((uint16_t)port);
	return *text == ':' ? text + 1 + length : text;
}

static bool parse_database(const char *text, struct sf_redis_address *out)
{
	if (*text == '\0' || strcmp(text, "/") == 0)
		return true;
	return *text == '/' && parse_number(text + 1, strlen(text + 1),
				       INT16_MAX, &out->database);
}

enum sf_err sf_redis_address_parse(
	const char *text, struct sf_redis_address *out)
{
	static const char plain[] = "redis://";
	static const char secure[] = "rediss://";

	*out = (struct sf_redis_address){ .database = 0 };
	if (strncmp(text, "unix:", 5) == 0)
		return parse_path(text + 5, out);
	out->has_tls = strncmp(text, secure, strlen(secure)) == 0;
	if (!out->has_tls && strncmp(text, plain, strlen(plain)) != 0)
		return SF_ERR_INVALID;
	text += out->has_tls ? strlen(secure) : strlen(plain);
	text = parse_credentials(text, out);
	if (text)
		text = parse_host(text, out);
	if (text)
		text = parse_port(text, out);
	return text && parse_database(text, out) ? SF_OK : SF_ERR_INVALID;
}
