namespace DmaHeap.Hosting.Memory.Recycling;

/// <summary>Those who could read each other's memory anyway: one user, in one user namespace (every container's root is user 0) and one control group.</summary>
/// <param name="UserId">As the host sees it.</param>
/// <param name="UserNamespace">What the kernel calls it.</param>
/// <param name="ControlGroup">Its path.</param>
internal sealed record TrustDomain(uint UserId, string UserNamespace, string ControlGroup)
{
    /// <summary>Null where not all of it is known: then nobody is trusted.</summary>
    public static TrustDomain? Of(Caller caller, string userNamespace) =>
        userNamespace.Length == 0 || caller.ControlGroup.Length == 0 ? null : new TrustDomain(caller.UserId, userNamespace, caller.ControlGroup);
}
