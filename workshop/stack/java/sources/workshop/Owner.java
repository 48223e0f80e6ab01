package workshop;

import java.io.IOException;
import java.net.InetSocketAddress;
import java.net.SocketAddress;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.regex.Pattern;

/**
 * Tells whose a connection is, by the system's table of connections.
 *
 * <p>The property {@code workshop.users} has the numbers of the users that are let in, with a bar
 * between two of them. Without it, whoever reaches a port is.
 */
final class Owner {
  private static final String USERS = System.getProperty("workshop.users");
  // A connection whose program has closed it, or has ended, belongs to user 0 and inode 0 there. It
  // must not pass for root's, so the inode must be another.
  private static final Pattern OPEN_AND_THEIRS =
      Pattern.compile(
          " 0[1-9A-B] [0-9A-F]+:[0-9A-F]+ [0-9A-F]+:[0-9A-F]+ [0-9A-F]+ +("
              + USERS
              + ") +[0-9]+ +[1-9]");
  // Addresses and ports are hexadecimal; an IPv4 address in the table for IPv6 has a prefix.
  private static final String LOOPBACK = "0100007F:%04X";
  private static final String IN_SIX = "0000000000000000FFFF0000" + LOOPBACK;

  private Owner() {}

  /** Whether a connection that was accepted {@code here} comes from one who is let in. */
  static boolean isAt(SocketAddress peer, SocketAddress here) throws IOException {
    if (USERS == null) {
      return true;
    }
    if (!(peer instanceof InetSocketAddress from)
        || !(here instanceof InetSocketAddress to)
        || !from.getAddress().getHostAddress().equals("127.0.0.1")) {
      return false;
    }
    return isListed("/proc/self/net/tcp", LOOPBACK, from, to)
        || isListed("/proc/self/net/tcp6", IN_SIX, from, to);
  }

  private static boolean isListed(
      String table, String end, InetSocketAddress from, InetSocketAddress to) throws IOException {
    String rows = Files.readString(Path.of(table));
    String ends = String.format(": " + end + " " + end, from.getPort(), to.getPort());
    for (int at = rows.indexOf(ends); at >= 0; at = rows.indexOf(ends, at + 1)) {
      if (OPEN_AND_THEIRS.matcher(rows).region(at + ends.length(), rows.length()).lookingAt()) {
        return true;
      }
    }
    return false;
  }
}
