/* SPDX-License-Identifier: BSD-3-Clause */
/* The forms of SFCHAT_REDIS, and how the settings refuse other forms. */
#include "support.h"

#include <arpa/inet.h>
#include <netinet/in.h>
#include <sys/un.h>

static struct sf_redis_address parse_address(const char *text)
{
	struct sf_redis_address address;

	if (sf_redis_address_parse(text, &address) != SF_OK)
		fail_msg("refused: %s", text);
	return address;
}

static void assert_v4(const char *text, uint32_t host, int port, int database)
{
	struct sf_redis_address address = parse_address(text);
	const struct sockaddr_in *v4 =
		(const struct sockaddr_in *)&address.socket;

	assert_int_equal(v4->sin_family, AF_INET);
	assert_int_equal(address.socket_size, sizeof(*v4));
	assert_int_equal(ntohl(v4->sin_addr.s_addr), host);
	assert_int_equal(ntohs(v4->sin_port), port);
	assert_int_equal(address.database, database);
}

static void the_path_of_a_socket_is_read(void **state)
{
	struct sf_redis_address address =
		parse_address("unix:/run/redis/redis.sock");
	const struct sockaddr_un *local =
		(const struct sockaddr_un *)&address.socket;

	(void)state;
	assert_int_equal(local->sun_family, AF_UNIX);
	assert_string_equal(local->sun_path, "/run/redis/redis.sock");
	assert_string_equal(address.password, "");
}

static void an_ipv4_address_is_read(void **state)
{
	(void)state;
	assert_v4("redis://10.1.2.3:6380/5", 0x0a010203, 6380, 5);
	assert_v4("redis://10.1.2.3:1", 0x0a010203, 1, 0);
	assert_v4("redis://10.1.2.3/15", 0x0a010203, 6379, 15);
	assert_v4("redis://10.1.2.3/", 0x0a010203, 6379, 0);
	assert_v4("redis://localhost:6379/0", 0x7f000001, 6379, 0);
}

static void an_ipv6_address_is_read(void **state)
{
	struct sf_redis_address address =
		parse_address("redis://:x@[fd00::7]:6380/2");
	const struct sockaddr_in6 *v6 =
		(const struct sockaddr_in6 *)&address.socket;
	char host[INET6_ADDRSTRLEN];

	(void)state;
	assert_int_equal(v6->sin6_family, AF_INET6);
	assert_int_equal(address.socket_size, sizeof(*v6));
	assert_int_equal(ntohs(v6->sin6_port), 6380);
	assert_string_equal(
		inet_ntop(AF_INET6, &v6->sin6_addr, host, sizeof(host)),
		"fd00::7");
	assert_int_equal(address.database, 2);
	assert_string_equal(address.password, "x");
}

static void a_host_name_is_kept_to_be_looked_up(void **state)
{
	static const char *const names[] = { "redis", "redis.example.org",
		"a-b_c.d1", "1and1.example" };
	char text[96];

	(void)state;
	for (size_t i = 0; i < sizeof(names) / sizeof(*names); i++) {
		struct sf_redis_address address;
		const struct sockaddr_in *v4 =
			(const struct sockaddr_in *)&address.socket;

		(void)snprintf(
			text, sizeof(text), "redis://%s:6380/1", names[i]);
		address = parse_address(text);
		assert_true(address.is_name);
		assert_string_equal(address.host, names[i]);
		assert_int_equal(ntohs(v4->sin_port), 6380);
		assert_int_equal(address.database, 1);
	}
	assert_false(parse_address("redis://localhost").is_name);
	assert_false(parse_address("redis://10.1.2.3").is_name);
	assert_false(parse_address("redis://[::1]").is_name);
}

static void tls_is_read(void **state)
{
	struct sf_redis_address address =
		parse_address("rediss://u:p@redis.example.org/4");

	(void)state;
	assert_true(address.has_tls);
	assert_true(address.is_name);
	assert_string_equal(address.user, "u");
	assert_string_equal(address.password, "p");
	assert_int_equal(address.database, 4);
	assert_false(parse_address("redis://redis.example.org").has_tls);
	assert_false(parse_address("unix:/run/redis").has_tls);
}

static void a_user_is_read(void **state)
{
	struct sf_redis_address address =
		parse_address("redis://a%40b%3ac:p:%2F@10.1.2.3");

	(void)state;
	assert_string_equal(address.user, "a@b:c");
	assert_string_equal(address.password, "p:/");
	address = parse_address("redis://keeper@10.1.2.3");
	assert_string_equal(address.user, "keeper");
	assert_string_equal(address.password, "");
	assert_string_equal(parse_address("redis://:p@10.1.2.3").user, "");
}

static void a_password_is_read(void **state)
{
	char longest[SF_REDIS_PASSWORD_MAX];
	char text[SF_REDIS_PASSWORD_MAX + 64];

	(void)state;
	assert_string_equal(
		parse_address("redis://:a:b%40c%2fd@127.0.0.1:1/0").password,
		"a:b@c/d");
	assert_string_equal(
		parse_address("redis://:@127.0.0.1:1/0").password, "");
	memset(longest, 'p', sizeof(longest) - 1);
	longest[sizeof(longest) - 1] = '\0';
	(void)snprintf(text, sizeof(text), "redis://:%s@127.0.0.1", longest);
	assert_string_equal(parse_address(text).password, longest);
}

static void any_other_form_is_refused(void **state)
{
	static const char *const bad[] = { "", "redis", "unix:", "unix:redis",
		"127.0.0.1:6379", "http://127.0.0.1/", "redis://",
		"redis://redis_example@org@/0", "redis://127.0.0.1:/0",
		"unix:/x?db=2", "redis:///0", "redis://-x/", "redis://a b/",
		"redis://a.1/", "redis://1/", "redis://a./", "redis://a,b/",
		"rediss:/a", "redis://[redis.example.org]/", "rediss://",
		"redis://u%4@a/", "redis://redis/0?db=1",
		"redis://[fe80::1%25eth0]/", "redis://127.0.0.1:0/0",
		"redis://127.0.0.1:65536/0", "redis://127.0.0.1:6379x/0",
		"redis://127.0.0.1:6379/x", "redis://127.0.0.1:6379/-1",
		"redis://127.0.0.1:6379/999999", "redis://127.0.0.1:6379/0/1",
		"redis://127.0.0.1:6379/0?a=b", "redis://256.0.0.1/",
		"redis://[fd00::7/0", "redis://[fd00]:1/",
		"redis://[fd00::7]7/0", "redis://[127.0.0.1]/",
		"redis://:open127.0.0.1/0", "redis://:%4@127.0.0.1",
		"redis://:%zz@127.0.0.1", "redis://:a%00b@127.0.0.1",
		"redis://a%00b:c@127.0.0.1", "redis://%zz@127.0.0.1" };
	char text[4 * SF_REDIS_PASSWORD_MAX];
	struct sf_redis_address address;

	(void)state;
	for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++)
		if (sf_redis_address_parse(bad[i], &address) != SF_ERR_INVALID)
			fail_msg("not refused: %s", bad[i]);
	(void)snprintf(text, sizeof(text), "redis://:%0*d@127.0.0.1",
		SF_REDIS_PASSWORD_MAX, 0);
	assert_int_equal(
		sf_redis_address_parse(text, &address), SF_ERR_INVALID);
	(void)snprintf(text, sizeof(text), "redis://%0*d@127.0.0.1",
		SF_REDIS_USER_MAX, 0);
	assert_int_equal(
		sf_redis_address_parse(text, &address), SF_ERR_INVALID);
	(void)snprintf(
		text, sizeof(text), "redis://a%0*d", SF_REDIS_HOST_MAX, 0);
	assert_int_equal(
		sf_redis_address_parse(text, &address), SF_ERR_INVALID);
	(void)snprintf(text, sizeof(text), "unix:/%0108d", 0);
	assert_int_equal(
		sf_redis_address_parse(text, &address), SF_ERR_INVALID);
}

/*
 * Loads the settings with both values. Returns "", or the text of the refusal.
 */
static const char *load_settings(const char *wake, const char *redis)
{
	static struct sf_detail detail;
	struct sf_config config;

	assert_int_equal(setenv("SFCHAT_WAKE", wake, 1), 0);
	assert_int_equal(setenv("SFCHAT_REDIS", redis, 1), 0);
	detail.text[0] = '\0';
	if (sf_config_load(&config, &detail) == SF_OK)
		return "";
	return detail.text;
}

static void a_refusal_names_the_variable_and_no_secret(void **state)
{
	const char *said;

	(void)state;
	assert_string_equal(load_settings("", ""), "");
	assert_string_equal(load_settings("local", "unix:/a"), "");
	assert_string_equal(load_settings("redis", "unix:/a"), "");
	assert_non_null(
		strstr(load_settings("Redis", "unix:/a"), "SFCHAT_WAKE: "));
	assert_non_null(strstr(load_settings("redis", ""), "SFCHAT_REDIS: "));
	said = load_settings(
		"redis", "redis://:secret@nowhere.example:6379/0?x");
	assert_non_null(strstr(said, "SFCHAT_REDIS: "));
	assert_null(strstr(said, "secret"));
	assert_null(strstr(said, "nowhere"));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(the_path_of_a_socket_is_read),
		cmocka_unit_test(an_ipv4_address_is_read),
		cmocka_unit_test(an_ipv6_address_is_read),
		cmocka_unit_test(a_host_name_is_kept_to_be_looked_up),
		cmocka_unit_test(tls_is_read),
		cmocka_unit_test(a_user_is_read),
		cmocka_unit_test(a_password_is_read),
		cmocka_unit_test(any_other_form_is_refused),
		cmocka_unit_test(a_refusal_names_the_variable_and_no_secret),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
