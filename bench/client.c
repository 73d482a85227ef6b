/* SPDX-License-Identifier: BSD-3-Clause */
/* See client.h. */
#include "client.h"

#include <errno.h>
#include <fcntl.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/socket.h>
#include <unistd.h>

void die(const char *format, ...)
{
	va_list args;

	fputs("bench: ", stderr);
	va_start(args, format);
	vfprintf(stderr, format, args);
	va_end(args);
	fputc('\n', stderr);
	exit(EXIT_FAILURE);
}

void client_pool_init(struct client_pool *pool, int port)
{
	pool->port = port;
	pool->epoll = epoll_create1(EPOLL_CLOEXEC);
	pool->context = SSL_CTX_new(TLS_client_method());
	if (pool->epoll == -1 || !pool->context)
		die("cannot start TLS: %s", strerror(errno));
	SSL_CTX_set_mode(pool->context, SSL_MODE_RELEASE_BUFFERS);
}

static int connect_socket(int port)
{
	const int on = 1;
	struct sockaddr_in address = {
		.sin_family = AF_INET,
		.sin_port = htons((uint16_t)port),
		.sin_addr.s_addr = htonl(INADDR_LOOPBACK),
	};
	int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);

	if (fd == -1 ||
		connect(fd, (struct sockaddr *)&address, sizeof(address)) == -1)
		die("cannot connect to port %d: %s", port, strerror(errno));
	setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &on, sizeof(on));
	return fd;
}

/*
 * The handshake blocks, as no measurement includes it. Reads and writes after
 * it do not block.
 */
static void connect_client(struct client *client)
{
	const struct client_pool *pool = client->pool;
	struct epoll_event event = { .events = EPOLLIN, .data.ptr = client };
	int fd = connect_socket(pool->port);

	client->ssl = SSL_new(pool->context);
	if (!client->ssl || SSL_set_fd(client->ssl, fd) != 1 ||
		SSL_connect(client->ssl) != 1)
		die("no TLS with port %d", pool->port);
	if (fcntl(fd, F_SETFL, O_NONBLOCK) == -1 ||
		epoll_ctl(pool->epoll, EPOLL_CTL_ADD, fd, &event) == -1)
		die("cannot watch a connection: %s", strerror(errno));
}

void client_open(struct client *client, const struct client_pool *pool)
{
	*client = (struct client){ .pool = pool };
	client->answer = malloc(CLIENT_ANSWER_MAX);
	if (!client->answer)
		die("out of memory");
	connect_client(client);
}

static void close_client(struct client *client)
{
	close(SSL_get_fd(client->ssl));
	SSL_free(client->ssl);
	client->ssl = NULL;
}

void client_send(struct client *client, const char *request, size_t length)
{
	size_t written = 0;

	if (!client->ssl)
		connect_client(client);
	if (SSL_write_ex(client->ssl, request, length, &written) != 1 ||
		written != length)
		die("a request could not be sent at once");
	client->waits = true;
	client->length = 0;
}

/* Returns the size of headers and body, or 0 until the headers are complete. */
static size_t answer_size(const struct client *client)
{
	static const char field[] = "\r\nContent-Length:";
	const char *end = strstr(client->answer, "\r\n\r\n");
	const char *value = strcasestr(client->answer, field);

	if (!end)
		return 0;
	if (!value || value > end)
		die("an answer without Content-Length:\n%s", client->answer);
	return (size_t)(end + 4 - client->answer) +
	       strtoul(value + sizeof(field) - 1, NULL, 10);
}

static bool answer_complete(struct client *client)
{
	size_t size;

	client->answer[client->length] = '\0';
	size = answer_size(client);
	if (size >= CLIENT_ANSWER_MAX || (size && client->length > size))
		die("an answer longer than expected:\n%s", client->answer);
	return size && client->length == size;
}

/* The server may close an idle connection, but not one with an open request. */
static bool end_client(struct client *client)
{
	if (client->waits)
		die("the server closed a connection instead of answering");
	close_client(client);
	return false;
}

bool client_receive(struct client *client)
{
	size_t got;

	while (client->ssl) {
		size_t room = CLIENT_ANSWER_MAX - 1 - client->length;

		if (SSL_read_ex(client->ssl, client->answer + client->length,
			    room, &got) != 1) {
			if (SSL_get_error(client->ssl, 0) ==
				SSL_ERROR_WANT_READ)
				return false;
			return end_client(client);
		}
		client->length += got;
		if (client->waits && answer_complete(client)) {
			client->waits = false;
			if (strcasestr(client->answer, "\r\nConnection: close"))
				close_client(client);
			return true;
		}
	}
	return false;
}

int client_status(const struct client *client)
{
	int status = 0;

	if (sscanf(client->answer, "HTTP/1.1 %d", &status) != 1)
		die("not an HTTP/1.1 answer:\n%s", client->answer);
	return status;
}

const char *client_body(const struct client *client)
{
	return strstr(client->answer, "\r\n\r\n") + 4;
}
