metadata description = 'Key vault of the Azure Machine Learning workspace. The app itself keeps nothing in it: it has no secrets.'

@description('Azure region.')
param location string

@description('Tags of every resource.')
param tags object

@description('Name, unique in all of Azure, also among vaults that were deleted and not purged.')
@minLength(3)
@maxLength(24)
param name string

@description('No public endpoint.')
param isPrivate bool = false

@description('Nobody can purge the vault before its days of soft delete are over, so its name stays taken that long.')
param protectFromPurge bool = isPrivate

@description('Days for which a deleted vault can be recovered. They cannot be changed afterwards.')
@minValue(7)
@maxValue(90)
param softDeleteDays int = protectFromPurge ? 90 : 7

@description('Resource ID of the Log Analytics workspace.')
param logAnalyticsId string

resource vault 'Microsoft.KeyVault/vaults@2025-05-01' = {
  name: name
  location: location
  tags: tags
  properties: {
    tenantId: tenant().tenantId
    sku: {
      family: 'A'
      name: 'standard'
    }
    enableRbacAuthorization: true
    enableSoftDelete: true
    softDeleteRetentionInDays: softDeleteDays
    // Azure refuses false: protection is either asked for or not mentioned.
    enablePurgeProtection: protectFromPurge ? true : null
    publicNetworkAccess: isPrivate ? 'Disabled' : 'Enabled'
    networkAcls: {
      bypass: 'AzureServices'
      defaultAction: isPrivate ? 'Deny' : 'Allow'
    }
  }
}

resource audit 'Microsoft.Insights/diagnosticSettings@2021-05-01-preview' = {
  name: 'to-log-analytics'
  scope: vault
  properties: {
    workspaceId: logAnalyticsId
    logs: [
      {
        categoryGroup: 'audit'
        enabled: true
      }
    ]
    metrics: [
      {
        category: 'AllMetrics'
        enabled: true
      }
    ]
  }
}

@description('Resource ID.')
output id string = vault.id

@description('Name.')
output name string = vault.name
