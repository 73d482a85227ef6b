/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * The least a CGI program can do: it reads its body and prints a fixed
 * answer. What the real programs cost is measured against it.
 */
#include <stdlib.h>
#include <unistd.h>

static const char answer[] =
	"Status: 202 Accepted\r\n"
	"Content-Type: application/json; charset=utf-8\r\n"
	"Cache-Control: no-store\r\n"
	"\r\n"
	"{\"results\":{\"code\":202,\"msg\":\"Accepted\"}}";

static void read_body(void)
{
	char body[4096];
	const char *length = getenv("CONTENT_LENGTH");
	long left = length ? strtol(length, NULL, 10) : 0;

	while (left > 0) {
		ssize_t got = read(STDIN_FILENO, body, sizeof body);

		if (got <= 0)
			_exit(1);
		left -= got;
	}
}

int main(void)
{
	const ssize_t length = sizeof answer - 1;

	read_body();
	_exit(write(STDOUT_FILENO, answer, (size_t)length) != length);
}
