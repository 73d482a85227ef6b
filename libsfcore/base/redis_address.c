/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * parse_password(), parse_host() and parse_port() read one part of the text and
 * return where the next part begins, or NULL if the part is wrong.
 */
#include "base/redis_address.h"

#include <arpa/inet.h>
#include <ctype.h>
#include <errno.h>
#include <stdbool.h>
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

static enum sf_err parse_path(const char *path, struct sf_redis_address *out)
{
	struct sockaddr_un *local = (struct sockaddr_un *)&out->socket;
	size_t size = strlen(path) + 1;

	if (path[0] != '/' || size > sizeof(local->sun_path))
		return SF_ERR_INVALID;
	local->sun_family = AF_UNIX;
	memcpy(local->sun_path, path, size);
	out->socket_size = sizeof(*local);
	return SF_OK;
}

static const char *parse_password(
	const char *text, struct sf_redis_address *out)
{
	const char *end = strchr(text, '@');
	size_t length = 0;

	if (*text != ':')
		return text;
	if (!end)
		return NULL;
	for (text++; text < end; length++) {
		int c = sf_hex_unescape(&text);

		if (c <= 0 || length == sizeof(out->password) - 1)
			return NULL;
		out->password[length] = (char)c;
	}
	return end + 1;
}

static const char *parse_host(const char *text, struct sf_redis_address *out)
{
	struct sockaddr_in6 *v6 = (struct sockaddr_in6 *)&out->socket;
	struct sockaddr_in *v4 = (struct sockaddr_in *)&out->socket;
	bool bracket = *text == '[';
	size_t length = strcspn(text, bracket ? "]" : ":/");
	char host[INET6_ADDRSTRLEN + 1];

	if (length >= sizeof(host) || (bracket && text[length] != ']'))
		return NULL;
	memcpy(host, text + bracket, length - bracket);
	host[length - bracket] = '\0';
	out->socket_size = bracket ? sizeof(*v6) : sizeof(*v4);
	out->socket.ss_family = bracket ? AF_INET6 : AF_INET;
	if (bracket && inet_pton(AF_INET6, host, &v6->sin6_addr) != 1)
		return NULL;
	if (!bracket && strcmp(host, "localhost") == 0)
		v4->sin_addr.s_addr = htonl(INADDR_LOOPBACK);
	else if (!bracket && inet_pton(AF_INET, host, &v4->sin_addr) != 1)
		return NULL;
	return text + length + bracket;
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
	static const char scheme[] = "redis://";

	*out = (struct sf_redis_address){ .database = 0 };
	if (strncmp(text, "unix:", 5) == 0)
		return parse_path(text + 5, out);
	if (strncmp(text, scheme, strlen(scheme)) != 0)
		return SF_ERR_INVALID;
	text = parse_password(text + strlen(scheme), out);
	if (text)
		text = parse_host(text, out);
	if (text)
		text = parse_port(text, out);
	return text && parse_database(text, out) ? SF_OK : SF_ERR_INVALID;
}
