using System.IO;
using System.Text;

namespace Egress.Agent;

/// <summary>Files that are replaced whole: whoever reads one, also after a crash, finds the old content or the new.</summary>
internal static class AtomicFile
{
    /// <summary>Writes a file readable by its owner alone; on return it is on disk.</summary>
    /// <exception cref="IOException">It could not be written; the former content stands.</exception>
    public static void Write(string path, string content)
    {
        string fresh = path + ".new";
        using (FileStream file = new(fresh, new FileStreamOptions
        {
            Mode = FileMode.Create,
            Access = FileAccess.Write,
            UnixCreateMode = UnixFileMode.UserRead | UnixFileMode.UserWrite,
        }))
        {
            file.Write(Encoding.UTF8.GetBytes(content));
            file.Flush(flushToDisk: true);
        }

        File.Move(fresh, path, overwrite: true);
    }
}
