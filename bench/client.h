/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * A keep-alive HTTP/1.1 connection over TLS to a server on this machine. It
 * sends one request and collects one reply without blocking. It must not know
 * what the requests mean. An error would spoil the measurement, so it ends the
 * program with a message.
 */
#ifndef BENCH_CLIENT_H
#define BENCH_CLIENT_H

#include <stdbool.h>
#include <stddef.h>

#include <openssl/ssl.h>

enum { CLIENT_ANSWER_MAX = 16384 };

/* The data that all connections share. */
struct client_pool {
	SSL_CTX *context;
	int port;
	int epoll;
};

struct client {
	const struct client_pool *pool;
	SSL *ssl;
	bool waits; /* a request was sent and its reply is not complete */
	size_t length;
	char *answer; /* headers and body, ended by a NUL; owned */
};

/* Ends the program with status 1 after printing the message to stderr. */
_Noreturn void die(const char *format, ...)
	__attribute__((format(printf, 1, 2)));

/* Accepts any certificate: the server is our own, on this machine. */
void client_pool_init(struct client_pool *pool, int port);

/* Connects to 127.0.0.1, does the TLS handshake, adds the client to epoll. */
void client_open(struct client *client, const struct client_pool *pool);

/* Sends a whole request; connects again if the server closed the connection. */
void client_send(struct client *client, const char *request, size_t length);

/* Reads without blocking; returns true when the reply is complete. */
bool client_receive(struct client *client);

/* The status code and the body of the last reply. */
int client_status(const struct client *client);
const char *client_body(const struct client *client);

#endif
