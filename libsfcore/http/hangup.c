/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Asks the kernel about exactly one connection, by sock_diag(7). The answer
 * takes a few microseconds, however many connections there are.
 */
#include "http/hangup.h"

#include <arpa/inet.h>
#include <errno.h>
#include <fcntl.h>
#include <linux/netlink.h>
#include <linux/sock_diag.h>
#include <netinet/tcp.h>
#include <poll.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

/* Returns a TCP state, or 0 if the kernel does not know the connection. */
static int ask_state(const struct inet_diag_req_v2 *connection)
{
	struct {
		struct nlmsghdr head;
		struct inet_diag_req_v2 body;
	} question = {
		.head = {
			.nlmsg_len = sizeof(question),
			.nlmsg_type = SOCK_DIAG_BY_FAMILY,
			.nlmsg_flags = NLM_F_REQUEST,
		},
		.body = *connection,
	};
	struct {
		struct nlmsghdr head;
		struct inet_diag_msg body;
	} answer;
	int netlink_fd = socket(
		AF_NETLINK, SOCK_DGRAM | SOCK_CLOEXEC, NETLINK_SOCK_DIAG);
	bool is_answered;

	if (netlink_fd < 0)
		return 0;
	is_answered = send(netlink_fd, &question, sizeof(question), 0) ==
			      sizeof(question) &&
		      recv(netlink_fd, &answer, sizeof(answer), MSG_DONTWAIT) ==
			      sizeof(answer) &&
		      answer.head.nlmsg_type == SOCK_DIAG_BY_FAMILY;
	(void)close(netlink_fd);
	return is_answered ? answer.body.idiag_state : 0;
}

static bool read_port(
	const struct sf_request *request, const char *variable, __be16 *out)
{
	unsigned long port =
		strtoul(sf_request_variable(request, variable), NULL, 10);

	*out = htons((uint16_t)port);
	return port > 0 && port <= UINT16_MAX;
}

/* Reads the server's connection: the client is the destination. */
static bool read_connection(
	const struct sf_request *request, struct inet_diag_req_v2 *out)
{
	const char *server = sf_request_variable(request, "SERVER_ADDR");
	int family = strchr(server, ':') ? AF_INET6 : AF_INET;

	*out = (struct inet_diag_req_v2){
		.sdiag_family = (uint8_t)family,
		.sdiag_protocol = IPPROTO_TCP,
		.id.idiag_cookie = { INET_DIAG_NOCOOKIE, INET_DIAG_NOCOOKIE },
	};
	return inet_pton(family, server, out->id.idiag_src) == 1 &&
	       inet_pton(family, sf_request_variable(request, "REMOTE_ADDR"),
		       out->id.idiag_dst) == 1 &&
	       read_port(request, "SERVER_PORT", &out->id.idiag_sport) &&
	       read_port(request, "REMOTE_PORT", &out->id.idiag_dport);
}

void sf_hangup_init(
	const struct sf_request *request, int reply_fd, struct sf_hangup *out)
{
	int state = 0;

	out->reply_fd = reply_fd;
	if (read_connection(request, &out->connection))
		state = ask_state(&out->connection);
	/*
	 * If the connection is gone, the kernel answers with the listening
	 * socket instead (state LISTEN). That proves a hang-up only if the
	 * connection was open before, or if the server says that REMOTE_ADDR is
	 * its own peer.
	 */
	out->is_watchable =
		state == TCP_ESTABLISHED || state == TCP_CLOSE_WAIT ||
		(state != 0 &&
			*sf_request_variable(request, "SFCHAT_REMOTE_IS_PEER"));
}

static bool is_reader_gone(int pipe_fd)
{
	struct pollfd reply = { .fd = pipe_fd };

	/* Without `events`, poll(2) reports POLLERR and POLLHUP only. */
	return poll(&reply, 1, 0) > 0;
}

bool sf_hangup_happened(const struct sf_hangup *hangup)
{
	int state;

	if (is_reader_gone(hangup->reply_fd))
		return true;
	if (!hangup->is_watchable)
		return false;
	state = ask_state(&hangup->connection);
	return state != 0 && state != TCP_ESTABLISHED;
}

void sf_hangup_request_signal(int fd)
{
	struct pollfd peer = { .fd = fd, .events = POLLRDHUP };
	char unread[512];

	while (recv(fd, unread, sizeof(unread), MSG_DONTWAIT) > 0)
		continue;
	/*
	 * The kernel signals each event of the connection (fcntl(2), F_SETSIG).
	 * After the request, the only event left is the connection's end.
	 */
	(void)fcntl(fd, F_SETOWN, getpid());
	(void)fcntl(fd, F_SETSIG, SIGTERM);
	(void)fcntl(fd, F_SETFL, O_ASYNC);
	/* The connection may have ended before the signal was set. */
	if (poll(&peer, 1, 0) > 0)
		(void)raise(SIGTERM);
}
