/* SPDX-License-Identifier: BSD-3-Clause */
/* The bare program: it reads its body and prints a fixed reply. */
#include "bare.h"

static void read_body(void)
{
	char body[4096];
	const char *length = getenv("CONTENT_LENGTH");
	long left = length ? strtol(length, NULL, 10) : 0;

	while (left > 0) {
		ssize_t got = read(STDIN_FILENO, body, sizeof(body));

		if (got <= 0)
			_exit(1);
		left -= got;
	}
}

int main(void)
{
	bare_refuse_options();
	read_body();
	bare_answer(BARE_REPLY("202", "Accepted"));
}
