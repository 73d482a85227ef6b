/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Fuzzes the reading of a CGI request. The input is the variables, one a line,
 * an empty line, and the bytes of standard input.
 */
#include "http/http.h"

#include <fcntl.h>
#include <stdbool.h>
#include <stdint.h>
#include <unistd.h>

#define VARIABLES_MAX 16
#define VALUE_MAX 8

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void demand(bool good)
{
	if (!good)
		abort();
}

/* Cuts the lines of `text` into variables; returns the text behind them. */
static char *split(char *text, char *variables[VARIABLES_MAX + 1])
{
	size_t count = 0;

	while (*text && *text != '\n' && count < VARIABLES_MAX) {
		variables[count++] = text;
		text += strcspn(text, "\n");
		if (*text)
			*text++ = '\0';
	}
	variables[count] = NULL;
	return *text ? text + 1 : text;
}

static int make_input(const char *body, size_t size)
{
	int ends[2];

	demand(pipe2(ends, O_NONBLOCK | O_CLOEXEC) == 0);
	(void)!write(ends[1], body, size);
	(void)close(ends[1]);
	return ends[0];
}

static void read_body(struct sf_request *request, int fd, size_t given)
{
	struct sf_detail detail = { "" };
	enum sf_err err = sf_request_read_body(request, fd, &detail);

	demand(err ? *detail.text != '\0' : request->body_size <= given);
	demand(request->body_size <= SF_HTTP_BODY_MAX);
	free(request->body);
}

static void read_parameter(const struct sf_request *request)
{
	char value[VALUE_MAX] = "";
	enum sf_err err = sf_request_parameter(
		request, "longPolling", value, sizeof(value));

	demand(err == SF_OK || err == SF_ERR_NOT_FOUND ||
		err == SF_ERR_INVALID);
	demand(err || strlen(value) < sizeof(value));
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	char *variables[VARIABLES_MAX + 1];
	struct sf_request request = { .variables = variables,
		.body_timeout_ms = SF_HTTP_BODY_TIMEOUT_MS };
	char *text = malloc(size + 1);
	char *body;
	size_t given;
	int fd;

	demand(text != NULL);
	memcpy(text, data, size);
	text[size] = '\0';
	body = split(text, variables);
	given = size - (size_t)(body - text);
	fd = make_input(body, given);
	read_body(&request, fd, given);
	read_parameter(&request);
	(void)close(fd);
	free(text);
	return 0;
}
