namespace DmaHeap.Plugins;

/// <summary>A plugin is refused. The message names the plugin, what is wrong and what to do about it.</summary>
public sealed class PluginException : Exception
{
    /// <summary>Creates a refusal.</summary>
    /// <param name="refusal">What kind of refusal.</param>
    /// <param name="message">A sentence for the operator.</param>
    /// <param name="innerException">What led to it.</param>
    public PluginException(PluginRefusal refusal, string message, Exception? innerException = null)
        : base(message, innerException) => Refusal = refusal;

    /// <summary>What kind of refusal.</summary>
    public PluginRefusal Refusal { get; }
}
