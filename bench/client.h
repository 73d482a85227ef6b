/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * A keep-alive HTTP/1.1 connection over TLS to a server on this machine. It
 * knows how to send one request and to collect one answer without blocking;
 * it must not know what is asked nor who is asking. Whatever goes wrong here
 * would spoil a measurement, so it ends the program with a message.
 */
#ifndef BENCH_CLIENT_H
#define BENCH_CLIENT_H

#include <stdbool.h>
#include <stddef.h>

#include <openssl/ssl.h>

enum { CLIENT_ANSWER_MAX = 16384 };

/* What all connections share: whither they go and who watches them. */
struct client_pool {
	SSL_CTX *context;
	int port;
	int epoll;
};

struct client {
	const struct client_pool *pool;
	SSL *ssl;
	bool waits; /* a request was sent and its answer is not here yet */
	size_t length;
	char *answer; /* headers and body, ended by a NUL; owned */
};

/* Ends the program with status 1 after printing the message to stderr. */
_Noreturn void die(const char *format, ...)
	__attribute__((format(printf, 1, 2)));

/* Any certificate is taken: the server is our own, on this machine. */
void client_pool_init(struct client_pool *pool, int port);

/* Connects to 127.0.0.1, shakes hands, has epoll report the client's reads. */
void client_open(struct client *client, const struct client_pool *pool);

/* Sends a whole request, on a new connection if the server ended the last. */
void client_send(struct client *client, const char *request, size_t length);

/* Reads what has come; true when the whole answer is there. */
bool client_receive(struct client *client);

/* The status code and the body of the answer received last. */
int client_status(const struct client *client);
const char *client_body(const struct client *client);

#endif
