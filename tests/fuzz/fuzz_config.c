/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Fuzzes the settings. The input is the lines of an environment and, after a
 * NUL, a file of settings. Accepted settings keep their bounds; a refusal names
 * the variable or the file.
 */
#include "base/config.h"

#include <stdbool.h>
#include <sys/mman.h>
#include <unistd.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void demand(bool good)
{
	if (!good)
		abort();
}

static bool is_variable(const char *text)
{
	const char *end = text;

	while ((*end >= 'A' && *end <= 'Z') || *end == '_')
		end++;
	return end > text && *end == '=';
}

static void check(const struct sf_config *config)
{
	demand(config->runtime_dir[0] == '/');
	demand(strnlen(config->store, sizeof(config->store)) <
		sizeof(config->store));
	demand(config->poll_sleep_ms > 0);
	demand(config->poll_iteration > 0);
	demand(config->chat_lifetime_seconds > 0);
	demand(config->create_limit >= 0);
	demand(strncmp(config->user_token_variable, "HTTP_", 5) == 0);
	demand(strncmp(config->chat_token_variable, "HTTP_", 5) == 0);
}

/* Makes a file in memory. Stores its path in `path`. */
static int make_file(char path[64], const char *text, size_t size)
{
	int fd = memfd_create("conf", MFD_CLOEXEC);

	demand(fd >= 0 && write(fd, text, size) == (ssize_t)size);
	(void)snprintf(path, 64, "/proc/self/fd/%d", fd);
	return fd;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	char *text = malloc(size + 1);
	char variable[] = "SFCHAT_CONF=", path[64] = "";
	char *rest = text;
	struct sf_config config;
	struct sf_detail detail = { "" };
	size_t length;
	char *line;
	int fd = -1;

	demand(text != NULL);
	memcpy(text, data, size);
	text[size] = '\0';
	length = strlen(text);
	(void)clearenv();
	while ((line = strsep(&rest, "\n")) != NULL)
		if (is_variable(line))
			(void)putenv(line);
	if (length < size) {
		fd = make_file(path, text + length + 1, size - length - 1);
		(void)setenv("SFCHAT_CONF", path, 1);
	} else {
		(void)putenv(variable);
	}
	if (sf_config_load(&config, &detail) == SF_OK)
		check(&config);
	else
		demand(strncmp(detail.text, "SFCHAT_", 7) == 0 ||
			strncmp(detail.text, path, strlen(path)) == 0);
	(void)clearenv();
	if (fd >= 0)
		(void)close(fd);
	free(text);
	return 0;
}
