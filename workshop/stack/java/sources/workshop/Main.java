package workshop;

import java.lang.reflect.InvocationTargetException;
import java.util.Arrays;

/**
 * Starts a program of the stack so that it listens on loopback only, and to its owner only.
 *
 * <p>The first argument is the program's class, the others are its own. An agent could do the same
 * to the classes of Java as they are loaded, but then none of them could come from a class archive,
 * and a start would take twice the CPU.
 */
public final class Main {
  private Main() {}

  public static void main(String[] arguments) throws Throwable {
    System.setProperty("java.nio.channels.spi.SelectorProvider", Provider.class.getName());
    LoopbackSockets.becomeDefault();
    try {
      Class.forName(arguments[0])
          .getMethod("main", String[].class)
          .invoke(null, (Object) Arrays.copyOfRange(arguments, 1, arguments.length));
    } catch (InvocationTargetException error) {
      throw error.getCause();
    }
  }
}
