/**
 * Who this browser is: the name its owner chose and the token that makes the server know it again.
 *
 * A handshake refused for a bad token looks to a browser like a server that is down. So after two tries that never opened,
 * every second one goes without the token. If that one opens, the server is up, and the token is tried once more: only if
 * it fails now is it forgotten. A server that was merely restarted costs nobody their identity.
 *
 * trust: 'good' → 'doubted' (trying without) → 'verified' (trying with it again) → 'bad' (never again) or 'good'
 */
const DOUBT_AFTER = 2;

export class Identity {
  constructor(storage) {
    this.storage = storage;
    this.name = storage.get('name', '');
    this.token = storage.get('token');
    this.user = storage.get('user');
    this.trust = 'good';
  }

  protocols() {
    const offered = this.token && (this.trust === 'good' || this.trust === 'verified');
    return offered ? ['pingbox.v1', `auth.${this.token}`] : ['pingbox.v1'];
  }

  /** The socket failed `count` times in a row without opening. */
  unopened(count) {
    if (this.trust === 'verified') this.trust = 'bad';
    else this.trust = this.token !== null && count >= DOUBT_AFTER && count % 2 === 0 ? 'doubted' : 'good';
  }

  /** A socket opened. Is it to be used? Not if it only was to show that the server is up. */
  opened() {
    const use = this.trust !== 'doubted';
    if (!use) this.trust = 'verified';
    return use;
  }

  /** Be who a token of the chat's owner says. */
  signIn(token) {
    this.trust = 'good';
    this.token = token;
    this.storage.set('token', token);
  }

  rename(name) {
    this.name = name;
    this.storage.set('name', name);
  }

  welcomed({ user, token }) {
    this.trust = 'good';
    this.user = user;
    this.storage.set('user', user);
    if (!token) return;
    this.token = token;
    this.storage.set('token', token);
  }
}
