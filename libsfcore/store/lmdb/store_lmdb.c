/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * The embedded store, LMDB. The key is the 12 bytes of the chat token, the
 * value is the BSON document. A verb makes its change in one write transaction,
 * so a process that is killed leaves the last committed state behind.
 */
#include "store/store.h"

#include "base/dir.h"
#include "base/log.h"
#include "base/mem.h"
#include "model/chat_bson.h"
#include "store/lmdb/lmdb.h"

#define SCHEME "lmdb:"

/*
 * How many chats one batch of a sweep looks at. Writers wait meanwhile, for a
 * few milliseconds.
 */
#define SWEEP_LOOKS 1024

struct sf_store {
	struct sf_lmdb *lmdb;
	int64_t lifetime_ms;
};

/* A chat that was read from the store so that a rule can change it. */
struct change {
	struct sf_lmdb_session session;
	struct sf_chat chat;
	int64_t now_ms;
	int64_t lifetime_ms;
	bool expired;
};

enum sf_err sf_store_check(
	const struct sf_config *config, struct sf_detail *detail)
{
	if (strncmp(config->store, SCHEME, strlen(SCHEME)) == 0)
		return SF_OK;
	return sf_detail_set(detail, SF_ERR_INVALID,
		"SFCHAT_STORE: lmdb: and an absolute path was expected, for "
		"this is a build with LMDB");
}

static const char *get_dir(const struct sf_config *config)
{
	return config->store + strlen(SCHEME);
}

static enum sf_err open_folder(
	const struct sf_config *config, struct sf_store **out)
{
	struct sf_lmdb *lmdb;
	enum sf_err err = sf_lmdb_open(get_dir(config), &lmdb);

	if (err)
		return err;
	*out = sf_alloc(sizeof(**out));
	**out = (struct sf_store){
		.lmdb = lmdb,
		.lifetime_ms = config->chat_lifetime_seconds * 1000,
	};
	return SF_OK;
}

enum sf_err sf_store_open(const struct sf_config *config, struct sf_store **out)
{
	/* The folder of the default store is in this one. */
	enum sf_err err = sf_dir_prepare(config->runtime_dir);

	if (!err)
		err = sf_dir_prepare(get_dir(config));
	return err ? err : open_folder(config, out);
}

enum sf_err sf_store_find(const struct sf_config *config, struct sf_store **out)
{
	enum sf_err err = SF_ERR_NOT_FOUND;

	if (sf_lmdb_exists(get_dir(config)))
		err = sf_dir_check(get_dir(config));
	return err ? err : open_folder(config, out);
}

void sf_store_free(struct sf_store *store)
{
	if (!store)
		return;
	sf_lmdb_free(store->lmdb);
	free(store);
}

void sf_store_leave(struct sf_store *store)
{
	/* LMDB has no server to tell: the kernel closes the file. */
	(void)store;
}

void sf_store_rest(struct sf_store *store)
{
	sf_lmdb_rest(store->lmdb);
}

enum sf_err sf_store_prepare(struct sf_store *store)
{
	struct sf_lmdb_session session;
	/* A sweep looks at every chat and needs no index: only make the file.
	 */
	enum sf_err err = sf_lmdb_begin(store->lmdb, SF_LMDB_CHANGE, &session);

	if (!err)
		sf_lmdb_abort(&session);
	return err;
}

static MDB_val make_key(const struct sf_token *chat_token)
{
	return (MDB_val){ .mv_size = SF_TOKEN_SIZE,
		.mv_data = (void *)(uintptr_t)chat_token->bytes };
}

/* SF_ERR_NOT_FOUND: no such chat. */
static enum sf_err load_chat(const struct sf_lmdb_session *session,
	const struct sf_token *chat_token, struct sf_chat *out)
{
	MDB_val key = make_key(chat_token);
	MDB_val value;
	enum sf_err err = sf_lmdb_report(
		mdb_get(session->txn, session->dbi, &key, &value));

	if (!err)
		err = sf_chat_bson_decode(value.mv_data, value.mv_size, out);
	if (err == SF_ERR_INTERNAL)
		sf_log("store: a document is not a chat");
	return err;
}

static int put_chat(const struct sf_lmdb_session *session,
	const struct sf_chat *chat, unsigned int flags)
{
	MDB_val key = make_key(&chat->id);
	MDB_val value;
	uint8_t *data = sf_chat_bson_encode(chat, &value.mv_size);
	int code;

	value.mv_data = data;
	code = mdb_put(session->txn, session->dbi, &key, &value, flags);
	/* LMDB may have made `value.mv_data` point to its own memory. */
	free(data);
	return code;
}

static int save_chat(const struct change *change)
{
	const struct sf_lmdb_session *session = &change->session;
	MDB_val key = make_key(&change->chat.id);

	if (sf_chat_is_removable(
		    &change->chat, change->now_ms, change->lifetime_ms))
		return mdb_del(session->txn, session->dbi, &key, NULL);
	return put_chat(session, &change->chat, 0);
}

/* Commits the transaction if `code` is a success, and aborts it otherwise. */
static enum sf_err end_session(const struct sf_lmdb_session *session, int code)
{
	if (!code)
		return sf_lmdb_commit(session);
	sf_lmdb_abort(session);
	return sf_lmdb_report(code);
}

/* Ends the transaction and returns `err`, the rule's result. */
static enum sf_err finish_change(struct change *change, enum sf_err err)
{
	/* A refused rule changed nothing, but the chat may have expired. */
	enum sf_err saved = SF_OK;

	if (!err || change->expired)
		saved = end_session(&change->session, save_chat(change));
	else
		sf_lmdb_abort(&change->session);
	sf_chat_release(&change->chat);
	return saved ? saved : err;
}

/*
 * Reads a chat and expires it if its lifetime is over. SF_ERR_NOT_FOUND: no
 * such chat.
 */
static enum sf_err begin_change(struct sf_store *store, int64_t now_ms,
	const struct sf_token *chat_token, enum sf_lmdb_access access,
	struct change *out)
{
	enum sf_err err = sf_lmdb_begin(store->lmdb, access, &out->session);

	if (err)
		return err;
	err = load_chat(&out->session, chat_token, &out->chat);
	if (err) {
		sf_lmdb_abort(&out->session);
		return err;
	}
	out->now_ms = now_ms;
	out->lifetime_ms = store->lifetime_ms;
	out->expired = sf_chat_expire(&out->chat, now_ms, store->lifetime_ms);
	if (!sf_chat_is_removable(&out->chat, now_ms, store->lifetime_ms))
		return SF_OK;
	err = finish_change(out, SF_OK);
	return err ? err : SF_ERR_NOT_FOUND;
}

/*
 * The same on behalf of a participant. SF_ERR_UNAUTHORIZED: no such chat, or
 * the participant is not in it.
 */
static enum sf_err begin_change_as(struct sf_store *store, int64_t now_ms,
	const struct sf_participant *caller, enum sf_lmdb_access access,
	struct change *out)
{
	enum sf_err err =
		begin_change(store, now_ms, &caller->chat, access, out);

	if (err == SF_ERR_NOT_FOUND)
		return SF_ERR_UNAUTHORIZED;
	if (err)
		return err;
	if (!sf_chat_has_user(&out->chat, &caller->user))
		return finish_change(out, SF_ERR_UNAUTHORIZED);
	return SF_OK;
}

enum sf_err sf_store_insert(struct sf_store *store, const struct sf_chat *chat)
{
	struct sf_lmdb_session session;
	enum sf_err err = sf_lmdb_begin(store->lmdb, SF_LMDB_GROW, &session);

	if (err)
		return err;
	return end_session(&session, put_chat(&session, chat, MDB_NOOVERWRITE));
}

/* Puts a record and deletes it again: the commit writes to the file. */
static int touch_store(const struct sf_lmdb_session *session)
{
	struct sf_token nobody;
	MDB_val key = make_key(&nobody);
	MDB_val value = { .mv_size = SF_TOKEN_SIZE, .mv_data = &nobody };
	int code;

	sf_token_generate(&nobody);
	code = mdb_put(
		session->txn, session->dbi, &key, &value, MDB_NOOVERWRITE);
	return code ? code : mdb_del(session->txn, session->dbi, &key, NULL);
}

enum sf_err sf_store_probe(struct sf_store *store)
{
	struct sf_lmdb_session session;
	enum sf_err err = sf_lmdb_begin(store->lmdb, SF_LMDB_GROW, &session);

	return err ? err : end_session(&session, touch_store(&session));
}

/* SF_ERR_UNAUTHORIZED: no such chat, or the caller is not in it. */
static enum sf_err read_chat_as(struct sf_store *store,
	const struct sf_participant *caller, struct sf_chat *out)
{
	struct sf_lmdb_session session;
	enum sf_err err = sf_lmdb_begin(store->lmdb, SF_LMDB_READ, &session);

	if (err)
		return err;
	err = load_chat(&session, &caller->chat, out);
	sf_lmdb_abort(&session);
	if (err)
		return err == SF_ERR_NOT_FOUND ? SF_ERR_UNAUTHORIZED : err;
	if (sf_chat_has_user(out, &caller->user))
		return SF_OK;
	sf_chat_release(out);
	return SF_ERR_UNAUTHORIZED;
}

enum sf_err sf_store_view(struct sf_store *store, int64_t now_ms,
	const struct sf_participant *caller, struct sf_chat *out)
{
	enum sf_err err = read_chat_as(store, caller, out);
	struct change change;

	if (!err && sf_chat_is_due(out, now_ms, store->lifetime_ms)) {
		sf_chat_release(out);
		err = begin_change_as(
			store, now_ms, caller, SF_LMDB_CHANGE, &change);
		if (!err)
			err = finish_change(&change, SF_OK);
		if (!err)
			err = read_chat_as(store, caller, out);
	}
	if (!err)
		sf_chat_narrow(out, &caller->user);
	return err;
}

enum sf_err sf_store_join(struct sf_store *store, int64_t now_ms,
	const struct sf_participant *joiner, struct sf_token *creator)
{
	struct change change;
	enum sf_err err = begin_change(
		store, now_ms, &joiner->chat, SF_LMDB_GROW, &change);

	if (err)
		return err;
	*creator = change.chat.users[0];
	err = sf_chat_join(&change.chat, &joiner->user, now_ms);
	return finish_change(&change, err);
}

enum sf_err sf_store_push(struct sf_store *store, int64_t now_ms,
	const struct sf_participant *sender, const struct sf_messages *messages,
	struct sf_token *receiver)
{
	struct change change;
	enum sf_err err =
		begin_change_as(store, now_ms, sender, SF_LMDB_GROW, &change);

	if (err)
		return err;
	*receiver = sf_chat_other(&change.chat, &sender->user);
	err = sf_chat_push(&change.chat, &sender->user, messages);
	return finish_change(&change, err);
}

enum sf_err sf_store_pull(struct sf_store *store, int64_t now_ms,
	const struct sf_participant *caller, const struct sf_ids *ids)
{
	struct change change;
	enum sf_err err =
		begin_change_as(store, now_ms, caller, SF_LMDB_CHANGE, &change);

	if (err)
		return err;
	sf_chat_pull(&change.chat, &caller->user, ids);
	return finish_change(&change, SF_OK);
}

enum sf_err sf_store_close(struct sf_store *store, int64_t now_ms,
	const struct sf_participant *closer, struct sf_token *other)
{
	struct change change;
	enum sf_err err =
		begin_change_as(store, now_ms, closer, SF_LMDB_CHANGE, &change);

	if (err)
		return err;
	*other = sf_chat_other(&change.chat, &closer->user);
	sf_chat_close(&change.chat, &closer->user);
	return finish_change(&change, SF_OK);
}

enum sf_err sf_store_give_up(struct sf_store *store, int64_t now_ms,
	const struct sf_participant *caller, int64_t usual_ms,
	struct sf_token *other)
{
	struct change change;
	enum sf_err err =
		begin_change_as(store, now_ms, caller, SF_LMDB_CHANGE, &change);

	if (err)
		return err;
	*other = sf_chat_other(&change.chat, &caller->user);
	if (!sf_chat_is_absent(&change.chat, other, now_ms, usual_ms))
		return finish_change(&change, SF_ERR_CONFLICT);
	sf_chat_give_up(&change.chat, other);
	return finish_change(&change, SF_OK);
}

enum sf_err sf_store_begin_poll(struct sf_store *store, int64_t now_ms,
	const struct sf_participant *caller, const struct sf_token *poll,
	const struct sf_patience *patience)
{
	struct sf_poll sign = { *poll, caller->user, now_ms,
		now_ms + patience->away_ms };
	struct change change;
	enum sf_err err =
		begin_change_as(store, now_ms, caller, SF_LMDB_CHANGE, &change);

	if (err)
		return err;
	sf_chat_begin_poll(&change.chat, &sign, patience);
	return finish_change(&change, SF_OK);
}

/* The chats that one batch is about to change. */
struct batch {
	struct sf_token due[SF_STORE_SWEEP_MAX];
	size_t count;
};

static bool is_due(const struct sf_store *store, int64_t now_ms,
	const MDB_val *value, struct sf_sweep *sweep)
{
	struct sf_chat chat;
	bool due;

	if (sf_chat_bson_decode(value->mv_data, value->mv_size, &chat)) {
		sweep->unreadable++;
		return false;
	}
	due = sf_chat_is_due(&chat, now_ms, store->lifetime_ms);
	sf_chat_release(&chat);
	return due;
}

/*
 * Moves `cursor` to the chat after `last`, which becomes that chat.
 * MDB_NOTFOUND: there is none. For the first one, `value->mv_data` is NULL.
 */
static int step_cursor(
	MDB_cursor *cursor, struct sf_token *last, MDB_val *value)
{
	MDB_val key = make_key(last);
	bool is_first = !value->mv_data;
	int code = mdb_cursor_get(
		cursor, &key, value, is_first ? MDB_SET_RANGE : MDB_NEXT);

	if (!code && is_first &&
		memcmp(key.mv_data, last->bytes, SF_TOKEN_SIZE) == 0)
		code = mdb_cursor_get(cursor, &key, value, MDB_NEXT);
	if (!code)
		memcpy(last->bytes, key.mv_data, SF_TOKEN_SIZE);
	return code;
}

static int scan_batch(const struct sf_store *store, int64_t now_ms,
	MDB_cursor *cursor, struct sf_sweep *sweep, struct batch *batch)
{
	MDB_val value = { .mv_data = NULL };
	int code = 0;

	for (int looks = 0;
		looks < SWEEP_LOOKS && batch->count < SF_STORE_SWEEP_MAX;
		looks++) {
		code = step_cursor(cursor, &sweep->last, &value);
		if (code)
			break;
		if (is_due(store, now_ms, &value, sweep))
			batch->due[batch->count++] = sweep->last;
	}
	sweep->done = code == MDB_NOTFOUND;
	return sweep->done ? 0 : code;
}

/* Looks at chats, in the order of their tokens, without changing them. */
struct scan {
	struct sf_lmdb_session session;
	MDB_cursor *cursor;
};

static enum sf_err begin_scan(struct sf_store *store, struct scan *out)
{
	enum sf_err err =
		sf_lmdb_begin(store->lmdb, SF_LMDB_READ, &out->session);
	int code;

	if (err)
		return err;
	code = mdb_cursor_open(
		out->session.txn, out->session.dbi, &out->cursor);
	if (code)
		sf_lmdb_abort(&out->session);
	return sf_lmdb_report(code);
}

/* `code` is LMDB's result of the look at the chats. */
static enum sf_err end_scan(const struct scan *scan, int code)
{
	mdb_cursor_close(scan->cursor);
	sf_lmdb_abort(&scan->session);
	return sf_lmdb_report(code);
}

/* Finds the next batch of due chats and moves `sweep` past it. */
static enum sf_err find_due(struct sf_store *store, int64_t now_ms,
	struct sf_sweep *sweep, struct batch *out)
{
	struct scan scan;
	enum sf_err err = begin_scan(store, &scan);

	return err ? err
		   : end_scan(&scan, scan_batch(store, now_ms, scan.cursor,
					     sweep, out));
}

/* Sweeps a chat that was due a moment ago, within a transaction. */
static int sweep_one(struct change *change, struct sf_sweep *sweep)
{
	const struct sf_chat *chat = &change->chat;
	bool removable;

	change->expired = sf_chat_expire(
		&change->chat, change->now_ms, change->lifetime_ms);
	removable =
		sf_chat_is_removable(chat, change->now_ms, change->lifetime_ms);
	if (!removable && !change->expired)
		return 0;
	if (removable)
		sweep->removed++;
	else
		sweep->closed++;
	if (change->expired)
		for (size_t i = 0; i < chat->user_count; i++)
			sweep->to_wake[sweep->to_wake_count++] = chat->users[i];
	return save_chat(change);
}

static enum sf_err sweep_batch(struct sf_store *store, int64_t now_ms,
	const struct batch *batch, struct sf_sweep *sweep)
{
	struct change change = {
		.now_ms = now_ms,
		.lifetime_ms = store->lifetime_ms,
	};
	enum sf_err err =
		sf_lmdb_begin(store->lmdb, SF_LMDB_CHANGE, &change.session);
	int code = 0;

	if (err)
		return err;
	for (size_t i = 0; !code && i < batch->count; i++) {
		/* A request may have removed it already. */
		if (load_chat(&change.session, &batch->due[i], &change.chat))
			continue;
		code = sweep_one(&change, sweep);
		sf_chat_release(&change.chat);
	}
	return end_session(&change.session, code);
}

enum sf_err sf_store_sweep(
	struct sf_store *store, int64_t now_ms, struct sf_sweep *sweep)
{
	struct sf_sweep next = *sweep;
	struct batch batch = { .count = 0 };
	enum sf_err err;

	next.to_wake_count = 0;
	err = find_due(store, now_ms, &next, &batch);
	if (!err && batch.count > 0)
		err = sweep_batch(store, now_ms, &batch, &next);
	if (!err)
		*sweep = next;
	return err;
}

static int survey_batch(
	MDB_cursor *cursor, int64_t since_ms, struct sf_survey *survey)
{
	MDB_val value = { .mv_data = NULL };
	int code = 0;

	for (int looks = 0; looks < SWEEP_LOOKS; looks++) {
		struct sf_chat chat;

		code = step_cursor(cursor, &survey->last, &value);
		if (code)
			break;
		if (sf_chat_bson_decode(value.mv_data, value.mv_size, &chat)) {
			survey->unreadable++;
			continue;
		}
		sf_survey_add(survey, &chat, since_ms);
		sf_chat_release(&chat);
	}
	survey->done = code == MDB_NOTFOUND;
	return survey->done ? 0 : code;
}

enum sf_err sf_store_survey(
	struct sf_store *store, int64_t since_ms, struct sf_survey *survey)
{
	struct sf_survey next = *survey;
	struct scan scan;
	enum sf_err err = begin_scan(store, &scan);
	int code;

	if (err)
		return err;
	code = survey_batch(scan.cursor, since_ms, &next);
	/* The list of free pages may be long. */
	if (!code && next.done)
		code = sf_lmdb_measure(
			&scan.session, &next.used_bytes, &next.room_bytes);
	err = end_scan(&scan, code);
	if (!err)
		*survey = next;
	return err;
}
