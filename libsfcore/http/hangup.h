/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Notices that the client of a request has hung up. The web server does not
 * always tell the program: lighttpd misses the end of an HTTP/1.1 connection if
 * lighttpd read the handshake and the request in one go, and a program that is
 * just starting misses lighttpd's SIGTERM. So the program also asks the kernel
 * about the TCP connection between the client and the web server.
 */
#ifndef SF_HANGUP_H
#define SF_HANGUP_H

#include "http/http.h"

#include <stdbool.h>
#include <linux/inet_diag.h>

struct sf_hangup {
	int reply_fd;      /* file descriptor of the reply to the server */
	bool is_watchable; /* the state of `connection` tells of a hang-up */
	struct inet_diag_req_v2 connection;
};

/*
 * Finds the client's connection by the addresses that the server gave with the
 * request. Behind a proxy, REMOTE_ADDR may be an address that has no connection
 * to this machine. The kernel then knows no such connection, and the client
 * counts as present. SFCHAT_REMOTE_IS_PEER says that there is no such proxy:
 * then the client of a connection that the kernel does not know has hung up.
 */
void sf_hangup_init(
	const struct sf_request *request, int reply_fd, struct sf_hangup *out);

/*
 * Returns whether the client has closed its connection, or the server has
 * stopped reading the reply.
 */
bool sf_hangup_happened(const struct sf_hangup *hangup);

/*
 * Makes the kernel send SIGTERM to the calling process when the peer closes the
 * connection `fd`. Drops the unread bytes that the peer has sent.
 */
void sf_hangup_request_signal(int fd);

#endif
