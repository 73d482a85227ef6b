/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Whether the client of a request is still there. The web server is to tell,
 * and does, but not always: lighttpd misses the end of an HTTP/1.1 connection
 * when it read handshake and request in one go, and its SIGTERM is lost on a
 * program that it is just starting. So the kernel is asked too, about the TCP
 * connection that the server holds.
 */
#ifndef SF_HANGUP_H
#define SF_HANGUP_H

#include "http/http.h"

#include <stdbool.h>
#include <linux/inet_diag.h>

struct sf_hangup {
	int reply;     /* file descriptor that the server reads from */
	bool is_known; /* the kernel knows the connection below */
	struct inet_diag_req_v2 connection;
};

/*
 * Finds the client's connection by the addresses that the server gave with the
 * request. One that is not on this machine, as behind a proxy that names the
 * client it speaks for, can not be watched and counts as there; unless the
 * server sets SFCHAT_REMOTE_IS_PEER, which rules such proxies out: then one
 * that is not there has left already.
 */
void sf_hangup_init(
	const struct sf_request *request, int reply, struct sf_hangup *out);

/* The client has closed its connection, or the server has given it up. */
bool sf_hangup_happened(const struct sf_hangup *hangup);

/*
 * From now on the calling process gets SIGTERM when the peer of the connection
 * fd closes it. What the peer has sent and nobody has read is dropped.
 */
void sf_hangup_signal(int fd);

#endif
