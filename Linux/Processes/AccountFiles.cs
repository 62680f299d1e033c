using System.Globalization;

namespace DmaHeap.Linux;

/// <summary>Looks names up in <c>/etc/passwd</c> and <c>/etc/group</c> themselves. NSS is not asked, so accounts that only a directory
/// service knows (LDAP, sssd, systemd-userdb) are not found: use their numbers. The files are read at each call. Thread-safe.</summary>
/// <param name="root">The directory that /etc lies in.</param>
public sealed class AccountFiles(string root = "/")
{
    /// <summary>The number of a user.</summary>
    /// <param name="name">The user's name.</param>
    /// <returns>Null where the file has no such name.</returns>
    /// <exception cref="IOException">The file cannot be read.</exception>
    public uint? FindUser(string name) => Find("etc/passwd", name);

    /// <summary>The number of a group.</summary>
    /// <param name="name">The group's name.</param>
    /// <returns>Null where the file has no such name.</returns>
    /// <exception cref="IOException">The file cannot be read.</exception>
    public uint? FindGroup(string name) => Find("etc/group", name);

    // Both files have the same first three fields: name:password:number.
    uint? Find(string file, string name)
    {
        foreach (var line in File.ReadLines(Path.Join(root, file)))
        {
            var fields = line.Split(':', 4);
            if (fields.Length > 2 && fields[0] == name
                && uint.TryParse(fields[2], NumberStyles.None, CultureInfo.InvariantCulture, out var number)) return number;
        }

        return null;
    }
}
