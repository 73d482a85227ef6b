/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Notices that the client of a request has hung up. The web server should tell
 * the program, but does not always: lighttpd misses the end of an HTTP/1.1
 * connection if it read the handshake and the request in one go, and its
 * SIGTERM is lost on a program that is just starting. So the program also asks
 * the kernel about the server's TCP connection.
 */
#ifndef SF_HANGUP_H
#define SF_HANGUP_H

#include "http/http.h"

#include <stdbool.h>
#include <linux/inet_diag.h>

struct sf_hangup {
	int reply;     /* file descriptor of the reply to the server */
	bool is_known; /* the kernel knows the connection below */
	struct inet_diag_req_v2 connection;
};

/*
 * Finds the client's connection by the addresses that the server gave with the
 * request. A connection that this machine does not have, as behind a proxy that
 * passes on its client's address, cannot be watched and counts as open. If the
 * server sets SFCHAT_REMOTE_IS_PEER, there is no such proxy, and a missing
 * connection has been closed already.
 */
void sf_hangup_init(
	const struct sf_request *request, int reply, struct sf_hangup *out);

/*
 * Returns whether the client has closed its connection, or the server has
 * stopped reading the reply.
 */
bool sf_hangup_happened(const struct sf_hangup *hangup);

/*
 * Lets the kernel send SIGTERM to the calling process when the peer closes the
 * connection `fd`. Drops the unread bytes that the peer has sent.
 */
void sf_hangup_signal(int fd);

#endif
